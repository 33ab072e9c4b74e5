import { describe, expect, test } from 'vitest';
import { warmStreams } from '../../../adapters/node/warm-streams.ts';
import { FUNCTIONS, warmBytes } from '../../../core/limits/functions.ts';

function ofBytes(bytes: number) {
  return { history: { bytes } };
}

describe('warm streams', () => {
  test('keep as many bytes as a quarter of the function’s memory, the most recently used ones', () => {
    const warm = warmStreams(warmBytes(FUNCTIONS.api));
    const tenth = Math.floor((FUNCTIONS.api.memoryMb * 1024 * 1024) / 40);
    for (let i = 0; i < 10; i++) warm.set(`note/${i}`, ofBytes(tenth));
    expect(warm.size).toBe(10);
    expect(warm.get('note/0')).toBeDefined();
    warm.set('note/10', ofBytes(tenth));
    expect([warm.get('note/0') !== undefined, warm.get('note/1')]).toEqual([true, undefined]);
  });

  test('drop others when a stream has grown, and the stream itself if it is larger than all of the room', () => {
    const warm = warmStreams(100);
    const growing = ofBytes(30);
    warm.set('note/1', ofBytes(50));
    warm.set('note/2', growing);
    growing.history.bytes = 80;
    warm.set('note/2', { ...growing });
    expect([...warm.keys()]).toEqual(['note/2']);
    growing.history.bytes = 101;
    warm.set('note/2', { ...growing });
    expect(warm.size).toBe(0);
  });
});
