import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesAtMost, deliverInBatches } from '../../../core/delivery/deliver.ts';
import type { BatchAnswer } from '../../../core/ports/queue.ts';
import { fakeRuntime } from '../../runtime.ts';

const MAX_BYTES = 262_144;

/** A receiver that keeps every batch, and refuses an item as often as requested. */
function receiver(refusals: ReadonlyMap<number, number> = new Map()) {
  const batches: (readonly number[])[] = [];
  const left = new Map(refusals);
  const taken: number[] = [];
  const send = async (batch: readonly number[]): Promise<BatchAnswer> => {
    batches.push(batch);
    return batch.map((item) => {
      const times = left.get(item) ?? 0;
      left.set(item, times - 1);
      if (times > 0) return `no to ${item}`;
      taken.push(item);
      return undefined;
    });
  };
  return { batches, taken, send };
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

describe('deliver', () => {
  it('sends nothing if there is nothing to send', async () => {
    const { batches, send } = receiver();
    expect(await deliverInBatches([], () => 1, send, fakeRuntime())).toEqual([]);
    expect(batches).toEqual([]);
  });

  it('sends ten at a time, in order', async () => {
    const { batches, send } = receiver();
    const runtime = fakeRuntime();
    expect(await deliverInBatches(range(23), () => 1, send, runtime)).toEqual(range(23).map(() => undefined));
    expect(batches).toEqual([range(10), range(20).slice(10), range(23).slice(20)]);
    expect(runtime.slept).toEqual([]);
  });

  it('starts a new batch before one gets too large, and sends an oversized item alone', async () => {
    const sizes = [MAX_BYTES - 1, 1, 1, MAX_BYTES, 2 * MAX_BYTES, 1];
    const { batches, send } = receiver();
    await deliverInBatches(range(6), (i) => sizes[i] ?? 0, send, fakeRuntime());
    expect(batches).toEqual([[0, 1], [2], [3], [4], [5]]);
  });

  it('retries failed items one by one, up to three times, and reports those that never succeeded', async () => {
    const { batches, send } = receiver(
      new Map([
        [1, 1],
        [3, 3],
        [4, 4],
      ]),
    );
    const runtime = fakeRuntime();
    expect(await deliverInBatches(range(5), () => 1, send, runtime)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'no to 4',
    ]);
    expect(batches).toEqual([range(5), [1], [3], [3], [3], [4], [4], [4]]);
    expect(runtime.slept).toHaveLength(7);
  });

  it('treats a request that throws as a request in which every item failed', async () => {
    let calls = 0;
    const send = async (batch: readonly number[]): Promise<BatchAnswer> => {
      if (++calls === 1 || batch.includes(2)) throw new Error('There is no connection.');
      return batch.map(() => undefined);
    };
    expect(await deliverInBatches(range(4), () => 1, send, fakeRuntime())).toEqual([
      undefined,
      undefined,
      'Error: There is no connection.',
      undefined,
    ]);
  });

  it('returns a result for every item, whatever fails, and does not resend accepted items', async () => {
    const refusals = fc.array(fc.tuple(fc.nat(30), fc.nat(5)));
    await fc.assert(
      fc.asyncProperty(fc.nat(30), refusals, async (count, refusals) => {
        const { taken, send, batches } = receiver(new Map(refusals));
        const answers = await deliverInBatches(range(count), () => 20_000, send, fakeRuntime());
        expect(answers).toHaveLength(count);
        expect(taken.toSorted((a, b) => a - b)).toEqual(range(count).filter((i) => answers[i] === undefined));
        for (const batch of batches) expect(batch.length * 20_000).toBeLessThanOrEqual(MAX_BYTES);
      }),
    );
  });
});

describe('the upper bound of the bytes of a text', () => {
  it('is never below the number of bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(bytesAtMost(text)).toBeGreaterThanOrEqual(Buffer.byteLength(text));
      }),
    );
  });
});
