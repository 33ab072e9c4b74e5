import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inOrderPerKey } from '../../core/in-order.ts';

describe('in order per key', () => {
  it('runs what has one key one after the other, the rest side by side, and answers in the order of the items', async () => {
    const log: string[] = [];
    const step = async (item: string): Promise<string> => {
      log.push(`${item} begins`);
      await sleep(item === 'a1' ? 20 : 1);
      log.push(`${item} ends`);
      return item.toUpperCase();
    };
    expect(await inOrderPerKey(['a1', 'a2', 'b1', 'a3'], (item) => item.slice(0, 1), step)).toEqual([
      'A1',
      'A2',
      'B1',
      'A3',
    ]);
    expect(log.filter((line) => line.startsWith('a'))).toEqual([
      'a1 begins',
      'a1 ends',
      'a2 begins',
      'a2 ends',
      'a3 begins',
      'a3 ends',
    ]);
    expect(log.indexOf('b1 ends')).toBeLessThan(log.indexOf('a1 ends'));
  });

  it('fails as a whole when a step fails, and runs what comes after it with the same key all the same', async () => {
    const run: number[] = [];
    const step = async (item: number): Promise<void> => {
      run.push(item);
      if (item === 1) throw new Error('The first one fails.');
    };
    await expect(inOrderPerKey([1, 2], () => 'key', step)).rejects.toThrow('The first one fails.');
    await sleep(0);
    expect(run).toEqual([1, 2]);
  });
});
