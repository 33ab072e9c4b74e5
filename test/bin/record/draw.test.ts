import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawOperations, streamsFor } from '../../../bin/record/draw.ts';
import { workload } from '../../../simulator/domain.ts';
import { account, note } from '../../../testing/toy.ts';
import { defineUse, defineWorkload, useOf, type Workload } from '../../../workload/workload.ts';
import { seeded } from '../../../world/time/randomness.ts';
import { regions } from '../run-meridian.ts';

function drawn(seed: number, of: Workload = workload, lasts = 0) {
  const streams = streamsFor(of, regions, '17');
  return drawOperations(seeded(seed), { workload: of, regions, streams, operations: 80, sessions: 4, lasts });
}

const notesOnly = defineWorkload({ uses: { note: workload.uses.note } });

describe('the operations of a recording', () => {
  it('are the same for the same seed', () => {
    expect(drawn(3)).toEqual(drawn(3));
    expect(drawn(4)).not.toEqual(drawn(3));
  });

  it('have effects that their streams have, and seats that each name takes once', () => {
    fc.assert(
      fc.property(fc.nat(1000), (seed) => {
        const effects = drawn(seed).flatMap((operation) =>
          operation.kind === 'append' ? [operation] : operation.kind === 'transact' ? operation.participants : [],
        );
        for (const { stream, effect } of effects)
          expect(() => useOf(workload, stream).command(effect, 'x')).not.toThrow();
        const takers = effects.flatMap(({ stream, effect }) =>
          effect.do === 'take' ? [`${stream} ${effect.by}`] : [],
        );
        expect(new Set(takers).size).toBe(takers.length);
      }),
      { numRuns: 30 },
    );
  });

  it('have transactions over different `home` streams only, and none if there is no such stream', () => {
    const transactions = drawn(1).flatMap((operation) => (operation.kind === 'transact' ? [operation] : []));
    expect(transactions.length).toBeGreaterThan(5);
    for (const { participants, checks } of transactions) {
      const streams = [...participants.map(({ stream }) => stream), ...checks];
      expect(new Set(streams).size).toBe(streams.length);
      for (const stream of streams) expect(useOf(workload, stream).mode).toBe('home');
    }
    expect(drawn(1, notesOnly).map(({ kind }) => kind)).not.toContain('transact');
  });

  it('are spread over the time that was asked for, or not at all', () => {
    const times = drawn(1, workload, 60_000).map(({ at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect([times[0], times.at(-1)]).toEqual([0, 59_250]);
    expect(new Set(drawn(1).map(({ at }) => at))).toEqual(new Set([0]));
  });
});

describe('the streams of a recording', () => {
  it('are two of each type, at home in different Regions', () => {
    expect(
      streamsFor(workload, regions, '17').filter(({ use }) => use.type === 'account' || use.type === 'note'),
    ).toEqual([
      { name: 'note/170', use: workload.uses.note, home: undefined },
      { name: 'note/171', use: workload.uses.note, home: undefined },
      { name: 'account/us-east-1.170', use: workload.uses.account, home: 'us-east-1' },
      { name: 'account/us-east-2.171', use: workload.uses.account, home: 'us-east-2' },
    ]);
  });

  it('are refused if an id is at home elsewhere', () => {
    const wrong = defineWorkload({
      uses: {
        account: defineUse(account, {
          kind: 'balance',
          id: (key) => `us-west-2.${key}`,
          command: ({ amount }) => ({ command: 'deposit', input: { amount } }),
          effect: ({ data: { amount } }) => ({ do: 'add', amount }),
        }),
        note: defineUse(note, {
          kind: 'entries',
          command: ({ text }) => ({ command: 'note', input: { text } }),
          effect: ({ data: { text } }) => ({ do: 'note', text }),
        }),
      },
    });
    expect(() => streamsFor(wrong, regions, '17')).toThrow(
      'The workload makes account/us-west-2.170 for us-east-1, but it is at home in us-west-2.',
    );
  });
});
