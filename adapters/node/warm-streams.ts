import { LRUCache } from 'lru-cache';
import type { Warm } from '../../core/index.ts';

/** Streams that a function keeps between invocations; the least recently used ones are dropped. */
export function warmStreams() {
  // The limit is not `max`, because a cache with `max` allocates all of its slots at once, and a world has many
  // instances of functions.
  return new LRUCache<string, Warm>({ maxSize: 1000, sizeCalculation: () => 1 });
}
