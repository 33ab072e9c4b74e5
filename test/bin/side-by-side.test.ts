import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { sideBySide } from '../../bin/side-by-side.ts';

describe('running items in parallel', () => {
  it('returns the results in the order of the items', async () => {
    const done = [3, 1, 2].map(() => Promise.withResolvers<void>());
    const doubling = sideBySide([0, 1, 2], async (item) => {
      await done[item]?.promise;
      return 2 * item;
    });
    for (const one of done.toReversed()) one.resolve();
    expect(await doubling).toEqual([0, 2, 4]);
  });

  it('stops the others when one fails, and throws once they have ended', async () => {
    let ended = 0;
    const failing = sideBySide([1, 2, 3], async (item, stop) => {
      if (item === 2) throw new Error('No.');
      if (!stop.aborted) await once(stop, 'abort');
      ended++;
    });
    await expect(failing).rejects.toThrow('No.');
    expect(ended).toBe(2);
  });
});
