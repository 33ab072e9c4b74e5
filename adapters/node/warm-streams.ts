import { LRUCache } from 'lru-cache';

/** What is known of the size of a stream in memory. */
interface Kept {
  readonly history: { readonly bytes: number };
}

/**
 * Streams that a function keeps between invocations. If they take more than this many bytes, by the estimate of their
 * histories, the least recently used ones are dropped; one that is larger is not kept.
 */
export function warmStreams<T extends Kept>(bytes: number) {
  // There is no `max`, because a cache with it allocates all of its slots at once, and a world has many instances of
  // functions.
  return new LRUCache<string, T>({ maxSize: bytes, sizeCalculation: ({ history }) => history.bytes });
}
