import { type Decision, type Decisions, MeridianError } from '../../core/index.ts';

/** The way to another Region, and back; each takes its time, and throws when it is cut. */
export interface RoundTrip {
  readonly there: () => Promise<void>;
  readonly back: () => Promise<void>;
}

/**
 * Decisions on a table with multi-Region strong consistency, as one Region has them: every call takes the round trips
 * that make a majority of all Regions, this one included. It takes effect at one moment for all of them; when the way back
 * is cut, the caller does not hear of it.
 * @param shared what all Regions share
 * @param onPut is called with what was put here
 */
export function strongDecisions(
  shared: Decisions,
  trips: () => readonly RoundTrip[],
  onPut: (decision: Decision) => void,
): Decisions {
  const byQuorum = async <T>(call: () => Promise<T>): Promise<T> => {
    const others = trips();
    const needed = Math.floor((others.length + 1) / 2);
    const effect = Promise.withResolvers<T>();
    let arrived = 0;
    const answers = others.map(async ({ there, back }) => {
      await there();
      if (++arrived === needed) effect.resolve(call());
      await back();
    });
    try {
      await atLeast(needed, answers);
    } catch (cause) {
      throw new MeridianError('unavailable', 'The decisions are out of reach of a majority of Regions: try again.', {
        retryable: true,
        cause,
      });
    }
    return effect.promise;
  };

  return {
    strong: true,
    put: (decision) =>
      byQuorum(async () => {
        const before = await shared.put(decision);
        if (!before) onPut(decision);
        return before;
      }),
    find: (transaction, attempt) => byQuorum(() => shared.find(transaction, attempt)),
    attempts: (transaction, read = 'strong') =>
      read === 'local' ? shared.attempts(transaction) : byQuorum(() => shared.attempts(transaction)),
  };
}

/** Resolves as soon as so many have, and rejects when that cannot be any more. */
function atLeast(needed: number, promises: readonly Promise<void>[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let fulfilled = 0;
    let rejected = 0;
    for (const promise of promises)
      promise.then(
        () => {
          if (++fulfilled === needed) resolve();
        },
        (cause: unknown) => {
          if (++rejected > promises.length - needed) reject(cause);
        },
      );
  });
}
