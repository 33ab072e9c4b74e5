import { describe, expect, it } from 'vitest';
import { inOrderPerKey } from '../../../core/delivery/in-order.ts';

const never = { when: () => false, instead: (item: string) => item };

describe('in order per key', () => {
  it('runs items of one key sequentially, the others concurrently, and returns results in the order of the items', async () => {
    const log: string[] = [];
    const other = Promise.withResolvers<void>();
    const step = async (item: string): Promise<string> => {
      log.push(`${item} begins`);
      // The first item ends only after an item of another key.
      if (item === 'a1') await other.promise;
      log.push(`${item} ends`);
      if (item === 'b1') other.resolve();
      return item.toUpperCase();
    };
    expect(await inOrderPerKey(['a1', 'a2', 'b1', 'a3'], (item) => item.slice(0, 1), step, never)).toEqual([
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

  it('asks before each item whether to stop, with the result of the previous item of its key', async () => {
    const asked: unknown[] = [];
    const stop = {
      when: (previous: string | undefined) => {
        asked.push(previous);
        return previous === 'A1';
      },
      instead: (item: string) => `no ${item}`,
    };
    const step = async (item: string) => item.toUpperCase();
    expect(await inOrderPerKey(['a1', 'a2', 'b1', 'b2'], (item) => item.slice(0, 1), step, stop)).toEqual([
      'A1',
      'no a2',
      'B1',
      'B2',
    ]);
    expect(asked).toEqual(expect.arrayContaining([undefined, 'A1', undefined, 'B1']));
  });
});
