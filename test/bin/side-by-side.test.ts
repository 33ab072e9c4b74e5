import { describe, expect, it } from 'vitest';
import { sideBySide } from '../../bin/side-by-side.ts';

function soon() {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

describe('doing something side by side', () => {
  it('answers in the order of the items', async () => {
    const doubled = await sideBySide([3, 1, 2], async (item) => {
      for (let i = 0; i < item; i++) await soon();
      return 2 * item;
    });
    expect(doubled).toEqual([6, 2, 4]);
  });

  it('tells the others to end when one fails, and throws when they have', async () => {
    let ended = 0;
    const failing = sideBySide([1, 2, 3], async (item, stop) => {
      if (item === 2) throw new Error('No.');
      while (!stop.aborted) await soon();
      ended++;
    });
    await expect(failing).rejects.toThrow('No.');
    expect(ended).toBe(2);
  });
});
