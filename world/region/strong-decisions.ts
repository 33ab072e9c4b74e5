import { type Decision, MeridianError, type TransactionsTable } from '../../core/index.ts';

/** The links to another Region and back; each has its latency, and throws if it is cut. */
export interface RoundTrip {
  readonly there: () => Promise<void>;
  readonly back: () => Promise<void>;
}

/**
 * Decisions on a table with multi-Region strong consistency, as seen by one Region: every call waits for the round
 * trips that reach a majority of all Regions, including this one. A write takes effect for all Regions at once; if the
 * links back are cut, the caller gets no response.
 * @param shared the decisions shared by all Regions
 * @param onPut called with every decision put here
 */
export function strongDecisions(
  shared: TransactionsTable,
  trips: () => readonly RoundTrip[],
  onPut: (decision: Decision) => void,
): TransactionsTable {
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
      throw new MeridianError('unavailable', 'A majority of Regions cannot be reached for decisions. Retry.', {
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
    find: (transaction, attempt, { read = 'strong' } = {}) =>
      read === 'local' ? shared.find(transaction, attempt) : byQuorum(() => shared.find(transaction, attempt)),
    attempts: (transaction, read = 'strong') =>
      read === 'local' ? shared.attempts(transaction) : byQuorum(() => shared.attempts(transaction)),
    scan: (...page) => byQuorum(() => shared.scan(...page)),
  };
}

/**
 * Resolves once this many promises have resolved, and rejects once so many have failed that this number cannot be
 * reached.
 */
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
