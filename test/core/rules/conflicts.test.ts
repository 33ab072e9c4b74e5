import { describe, expect, it } from 'vitest';
import type { RecordedEvent } from '../../../core/definition/stream.ts';
import {
  addWinsMap,
  addWinsSet,
  boundedCounter,
  counter,
  evolveBy,
  keepAll,
  lastWriterWins,
  lastWriterWinsPerField,
  maximum,
  minimum,
  type Rule,
  removeWinsMap,
  removeWinsSet,
} from '../../../core/rules/index.ts';

describe('two changes whose writers had not seen each other', () => {
  it.each([
    [lastWriterWins<unknown>(null), { a: 1, b: 2 }, { b: 2, a: 1 }, []],
    [lastWriterWins<unknown>(null), 1, 2, [{}]],
    [lastWriterWinsPerField<object>({}), { a: 1, b: 2 }, { a: 1, b: 3, c: 4 }, [{ at: 'b' }]],
    [lastWriterWinsPerField<object>({}), { a: 1, b: undefined }, { a: undefined, b: 2 }, []],
    [keepAll<string>(), 'x', 'x', [{ isOpen: true }]],
    [addWinsSet(), { add: ['x'] }, { add: ['x'] }, []],
    [addWinsSet(), { add: ['x'], remove: ['y'] }, { remove: ['x', 'y'] }, [{ at: 'x' }]],
    [removeWinsSet(), { remove: ['x'] }, { add: ['x', 'y'] }, [{ at: 'x' }]],
    [
      addWinsMap<number>(),
      { put: { x: 1, y: 1 } },
      { put: { x: 1 }, remove: ['y'] },
      [{ at: 'x', isOpen: true }, { at: 'y' }],
    ],
    [removeWinsMap<number>(), { put: { x: 1 }, remove: ['x'] }, { put: { x: 2 } }, [{ at: 'x', isOpen: true }]],
    [counter(), 1, 2, []],
    [minimum(), 1, 2, []],
    [maximum(), 1, 2, []],
    [boundedCounter(), { use: 1 }, { use: 2 }, []],
  ])('conflict as their rule says: %# %o', (rule, a, b, expected) => {
    const { conflicts } = rule as Rule<unknown, unknown>;
    expect(conflicts?.(a, b)).toEqual(expected);
  });

  it('conflict about the part that both change, and in every part of a rule that does not say', () => {
    const custom: Rule<number, number> = { initial: 0, apply: (_state, { change }) => change };
    const rules = { name: lastWriterWins(''), tags: addWinsSet(), custom, more: keepAll<number>(), gone: counter() };
    const { gone: _gone, ...known } = rules;
    const evolve = evolveBy<typeof rules, RecordedEvent<'Changed', object>>(known as typeof rules, {
      Changed: ({ data }) => data,
    });
    const { disagreements } = evolve as unknown as { disagreements: (a: object, b: object) => unknown };
    const changed = (data: object) => ({ type: 'Changed', data });
    expect(
      disagreements(changed({ name: 'a', custom: 1, gone: 1 }), changed({ name: 'b', custom: 1, gone: 2 })),
    ).toEqual([
      { part: 'name', rule: 'lastWriterWins', isOpen: false },
      { part: 'custom', rule: 'custom', isOpen: false },
    ]);
    expect(disagreements(changed({ more: 1, name: 'a' }), changed({ more: 1, name: undefined }))).toEqual([
      { part: 'more', rule: 'keepAll', isOpen: true },
    ]);
    expect(disagreements(changed({ tags: { add: ['x'] } }), changed({ tags: { remove: ['x'] } }))).toEqual([
      { part: 'tags.x', rule: 'addWinsSet', isOpen: false },
    ]);
  });
});
