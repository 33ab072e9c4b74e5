import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerHeap } from '../../../world/time/timer-heap.ts';

/** What happens to a heap: a timer is added, the earliest is taken, or the one with this number is cancelled. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), at: fc.nat(20) }),
  fc.record({ kind: fc.constant('take' as const) }),
  fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(40) }),
);

describe('TimerHeap', () => {
  it('takes the earliest timer, the first one added of the same time, and none that was cancelled', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new TimerHeap();
        const cancels: (() => void)[] = [];
        let expected: { at: number; number: number }[] = [];
        const earliest = () => expected.toSorted((a, b) => a.at - b.at || a.number - b.number)[0];
        const take = () => {
          const next = earliest();
          const taken = heap.take();
          expect(taken && { at: taken.at, number: taken.number }).toEqual(next);
          expected = expected.filter((timer) => timer !== next);
        };
        for (const one of steps)
          if (one.kind === 'add') {
            cancels.push(heap.add(one.at, () => undefined));
            expected.push({ at: one.at, number: cancels.length });
          } else if (one.kind === 'take') take();
          else {
            cancels[one.which]?.();
            expected = expected.filter(({ number }) => number !== one.which + 1);
          }
        while (expected.length > 0) take();
        expect(heap.take()).toBeUndefined();
      }),
    );
  });
});
