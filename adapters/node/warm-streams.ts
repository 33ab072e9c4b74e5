import { LRUCache } from 'lru-cache';
import type { Warm } from '../../core/index.ts';

/** Streams that a function keeps from one invocation to the next, the least recently used ones dropped. */
export function warmStreams() {
  return new LRUCache<string, Warm>({ max: 1000 });
}
