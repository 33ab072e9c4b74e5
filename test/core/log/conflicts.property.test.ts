import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { type Conflict, isOpen } from '../../../core/facts/conflict.ts';
import { History } from '../../../core/log/history.ts';
import { evolveBy, initialBy, keepAll } from '../../../core/rules/index.ts';
import { note } from '../../../testing/toy.ts';
import { commitGraphs, decidedAgain, folded, shuffled } from './graph.ts';

const cases = commitGraphs.chain((all) => fc.record({ all: fc.constant(all), arrived: shuffled([...all, ...all]) }));

function conflictsOf(definition: typeof note, arrived: readonly Commit[]): readonly Conflict[] {
  const history = new History(definition, 'note/n', []);
  for (const commit of arrived) history.add([commit]);
  return history.conflicts({ limit: 1_000 });
}

function placeOf({ log, position }: Pick<Commit, 'log' | 'position'>): string {
  return `${log}.${position}`;
}

/** The place of an event's commit, by the event's id. */
function placeIn(id: string): string {
  return id.slice(id.indexOf('@') + 1, id.lastIndexOf('.'));
}

const rules = { text: keepAll<string>() };
const keeping = {
  ...note,
  initial: initialBy(rules),
  evolve: evolveBy<typeof rules, Parameters<typeof note.evolve>[1]>(rules, { Noted: ({ data }) => data }),
  commands: {},
};

describe('the conflicts of a stream', () => {
  it('are what every writer had not seen, in whatever order and however often commits arrive', () => {
    fc.assert(
      fc.property(cases, ({ all, arrived }) => {
        const expected = new Map<string, readonly string[]>();
        for (const { id, unseen } of folded(all))
          if (unseen.length > 0) expected.set(placeIn(id), [...new Set(unseen.map(placeIn))]);
        const found = conflictsOf(note, arrived).filter(({ kind }) => kind === 'concurrent');
        expect(found.map(({ commit, against }) => [placeOf(commit), against.map(placeOf)])).toEqual([...expected]);
      }),
      { numRuns: 500 },
    );
  });

  it('are also copies that were decided again, which do not count', () => {
    fc.assert(
      fc.property(cases, ({ all, arrived }) => {
        const again = conflictsOf(note, arrived).filter(({ kind }) => kind === 'decided-twice');
        const expected = decidedAgain(all).map(([copy, counted]) => [placeOf(copy), [placeOf(counted)]]);
        expect(again.map(({ commit, against }) => [placeOf(commit), against.map(placeOf)]).toSorted()).toEqual(
          expected.toSorted(),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('of a rule that keeps all values are open as long as the state has several that had not seen each other', () => {
    fc.assert(
      fc.property(cases, ({ arrived }) => {
        const history = new History(keeping, 'note/n', []);
        for (const commit of arrived) history.add([commit]);
        const { text } = history.state as typeof keeping.initial;
        const kept = new Set(text.map(({ by }) => placeIn(by)));
        for (const conflict of history.conflicts({ limit: 1_000 })) {
          if (conflict.kind === 'decided-twice') continue;
          const stays = kept.has(placeOf(conflict.commit)) && conflict.against.some((each) => kept.has(placeOf(each)));
          if (stays) expect(isOpen(conflict)).toBe(true);
          if (conflict.resolvedBy) expect(kept.has(placeOf(conflict.commit))).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });
});
