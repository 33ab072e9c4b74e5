import { MeridianError } from '../../core/index.ts';

/** The links to another Region and back; each has its latency, and throws if it is cut. */
export interface RoundTrip {
  readonly there: () => Promise<void>;
  readonly back: () => Promise<void>;
}

/**
 * A call of a table with multi-Region strong consistency: it waits for the round trips that reach a majority of all Regions, including
 * this one. It takes effect for all Regions at once; if the links back are cut, the caller gets no response.
 * @param trips to all other Regions
 * @param call takes effect; gets the Regions that it has reached
 * @throws MeridianError `unavailable`: it may have taken effect
 */
export async function byMajority<Trip extends RoundTrip, T>(
  trips: readonly Trip[],
  call: (reached: readonly Trip[]) => Promise<T>,
): Promise<T> {
  const needed = Math.floor((trips.length + 1) / 2);
  const effect = Promise.withResolvers<T>();
  const reached: Trip[] = [];
  const answers = trips.map(async (trip) => {
    await trip.there();
    if (reached.push(trip) === needed) effect.resolve(call(reached));
    await trip.back();
  });
  try {
    await atLeast(needed, answers);
  } catch (cause) {
    throw new MeridianError('unavailable', 'A majority of Regions cannot be reached. Retry.', {
      retryable: true,
      cause,
    });
  }
  return effect.promise;
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
