import { LRUCache } from 'lru-cache';
import type { Warm } from '../../core/index.ts';

/** Streams that a function keeps between invocations; the least recently used ones are dropped. */
export function warmStreams() {
  return new LRUCache<string, Warm>({ max: 1000 });
}
