import { describe, expect, it } from 'vitest';
import { defineStream } from '../../../core/definition/stream.ts';
import { FUNCTIONS, warmBytes } from '../../../core/limits/functions.ts';
import { heapBytes } from '../../../core/log/heap-bytes.ts';
import { History } from '../../../core/log/history.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';

const type = defineStream({ ...note, snapshots: { every: 2, codeVersion: 1, settle: 0 } });

function noted(position: number, length: number) {
  return aCommit({
    ...{ stream: 'note/n', log: 'us', position, context: { us: position - 1 } },
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'x'.repeat(length) } }],
  });
}

describe('the memory of a value', () => {
  it('is at least two bytes a character, and something for each value and name', () => {
    expect(heapBytes('x'.repeat(1_000))).toBeGreaterThanOrEqual(2_000);
    expect(heapBytes({ ['n'.repeat(500)]: null })).toBeGreaterThanOrEqual(1_000);
    expect(heapBytes(Array.from({ length: 1_000 }, () => 1))).toBeGreaterThanOrEqual(16_000);
    expect(heapBytes(undefined)).toBeGreaterThan(0);
  });

  it('is found for any depth', () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    expect(heapBytes(deep)).toBeGreaterThan(100_000);
  });
});

describe('the memory of a history', () => {
  it('grows with each commit, which is measured once', () => {
    const history = new History(type, 'note/n', [noted(1, 1_000)]);
    const first = history.bytes;
    expect(first).toBeGreaterThan(2_000);
    history.add([noted(1, 1_000)]);
    expect(history.bytes).toBe(first);
    history.add([noted(2, 50_000)]);
    expect(history.bytes - first).toBeGreaterThan(100_000);
  });

  it('is that of the state and the ids after a snapshot', () => {
    const history = new History(type, 'note/n', [noted(1, 1_000), noted(2, 1_000)]);
    const before = history.bytes;
    expect(history.takeSnapshot(Date.UTC(2100, 0, 1))).toBeDefined();
    expect(history.bytes).toBeGreaterThan(4_000);
    expect(history.bytes).not.toBe(before);
  });
});

describe('the room for streams', () => {
  it('is a quarter of the memory of a function', () => {
    expect(warmBytes(FUNCTIONS.api)).toBe((FUNCTIONS.api.memoryMb * 1024 * 1024) / 4);
  });
});
