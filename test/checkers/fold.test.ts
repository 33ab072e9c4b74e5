import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect, HistoryCommit } from '../../checkers/history.ts';
import { foldOf } from '../../checkers/reference/fold.ts';
import { decide, itemsIn } from '../../checkers/reference/kinds.ts';
import { type Commit, eventId, foldOrder } from '../../core/facts/commit.ts';
import { Fold } from '../../core/log/fold.ts';
import { note } from '../../testing/toy.ts';
import { commitGraphs } from '../core/log/graph.ts';
import { commit, EAST, stampAt, TYPES, WEST } from './a-history.ts';

/** A commit of the engine, as a history has it. */
function shown(stored: Commit): HistoryCommit {
  const { log, position, commitId, region, context, hlc, wallTime, events } = stored;
  return {
    ...{ log, position, commitId, region, context, hlc, wallTime, state: 'visible' },
    events: events.map(({ type, data }, i) => ({
      ...{ id: eventId(stored, i), type },
      effect: { do: 'note', text: String(Reflect.get(Object(data), 'text')) },
    })),
  };
}

/** Commits of one log, each based on all before it. */
function inOneLog(...effects: readonly Effect[]): readonly HistoryCommit[] {
  return effects.map((effect, i) => commit({ stream: 's/a', commitId: `c${i}`, position: i + 1, effect }));
}

describe('the reference fold', () => {
  it('gives what the fold of the engine gives, for all graphs of commits', () => {
    fc.assert(
      fc.property(commitGraphs, (graph) => {
        const commits = graph.map((one) => ({ ...one, digest: JSON.stringify(one.events) })).toSorted(foldOrder);
        const fold = new Fold(note);
        for (const one of commits) fold.apply(one);
        expect(foldOf('entries', commits.map(shown))).toEqual(fold.state);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [
      'list',
      [
        { do: 'append', value: 1 },
        { do: 'append', value: 2 },
      ],
      [1, 2],
    ],
    [
      'register',
      [
        { do: 'write', value: 1 },
        { do: 'write', value: 2 },
      ],
      2,
    ],
    [
      'balance',
      [
        { do: 'add', amount: 7 },
        { do: 'add', amount: -2 },
      ],
      5,
    ],
    [
      'counter',
      [
        { do: 'add', amount: 7 },
        { do: 'add', amount: -9 },
      ],
      -2,
    ],
    [
      'set',
      [
        { do: 'insert', value: 'a' },
        { do: 'insert', value: 'b' },
        { do: 'remove', value: 'a' },
      ],
      ['b'],
    ],
  ] as const)('folds a %s', (kind, effects, state) => {
    expect(foldOf(kind, inOneLog(...effects))).toEqual(state);
  });

  it('folds seats: each one taken is added, and the first one taken is released', () => {
    const effects = ['ann', 'bob', 'ann'].map((by): Effect => ({ do: 'take', by }));
    expect(foldOf('seats', inOneLog(...effects, { do: 'release', by: 'ann' }))).toEqual(['bob', 'ann']);
  });

  it('is the initial state without visible commits', () => {
    const [first] = inOneLog({ do: 'append', value: 1 });
    expect(foldOf('list', [])).toEqual([]);
    expect(first && foldOf('list', [{ ...first, state: 'aborted' }])).toEqual([]);
    expect(foldOf('register', [])).toBeNull();
  });

  it('folds only what a version covers', () => {
    const commits = inOneLog({ do: 'append', value: 1 }, { do: 'append', value: 2 });
    expect(foldOf('list', commits, { [EAST]: 1 })).toEqual([1]);
  });

  it('keeps what was inserted into a set concurrently with its removal', () => {
    const insert = commit({ stream: 'set/a', commitId: 'a', effect: { do: 'insert', value: 'red' }, hlc: stampAt(1) });
    const removal = {
      stream: 'set/a',
      commitId: 'b',
      log: WEST,
      effect: { do: 'remove', value: 'red' },
      hlc: stampAt(2),
    } as const;
    expect(foldOf('set', [insert, commit({ ...removal, context: {} })])).toEqual(['red']);
    expect(foldOf('set', [insert, commit({ ...removal, context: { [EAST]: 1 } })])).toEqual([]);
  });
});

describe('deciding', () => {
  it.each([
    ['account', 5, { do: 'add', amount: -5 }, 'changes'],
    ['account', 5, { do: 'add', amount: -6 }, 'refused'],
    ['counter', 5, { do: 'add', amount: -6 }, 'changes'],
    ['account', 5, { do: 'add', amount: 0 }, 'changes nothing'],
    ['seats', ['a'], { do: 'take', by: 'a' }, 'changes'],
    ['seats', ['a', 'b'], { do: 'take', by: 'c' }, 'refused'],
    ['seats', ['a'], { do: 'release', by: 'a' }, 'changes'],
    ['seats', ['a'], { do: 'release', by: 'b' }, 'changes nothing'],
    ['set', ['a'], { do: 'insert', value: 'a' }, 'changes nothing'],
    ['set', ['a'], { do: 'remove', value: 'b' }, 'changes nothing'],
    ['list', [1], { do: 'append', value: 1 }, 'changes'],
  ] as const)('on a stream of type %s at %j, %j is decided: %s', (type, state, effect, decided) => {
    expect(decide(TYPES[type], state, effect)).toBe(decided);
  });

  it('treats a number as a state without items', () => {
    expect(itemsIn(3)).toEqual([]);
  });
});
