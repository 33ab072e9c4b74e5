import { LRUCache } from 'lru-cache';
import type { Warm } from '../../core/index.ts';

/** Streams that a function keeps between invocations; the least recently used ones are dropped. */
export function warmStreams() {
  // Limited by `max`, a cache would allocate all of its slots at once, for each of the world's many instances of functions.
  return new LRUCache<string, Warm>({ maxSize: 1000, sizeCalculation: () => 1 });
}
