import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineStream, type RecordedEvent, type StreamDefinition } from '../../../core/index.ts';
import { Fold } from '../../../core/log/fold.ts';
import {
  addWinsMap,
  addWinsSet,
  counter,
  evolveBy,
  initialBy,
  keepAll,
  lastWriterWinsPerField,
  latestIn,
  type Rule,
  removeWinsMap,
  removeWinsSet,
} from '../../../core/rules/index.ts';
import { aCommit } from '../../contract/commits.ts';

const rules = { lines: addWinsMap<number>(), changes: counter(), notes: keepAll<string>() };

const basket = defineStream({
  type: 'basket',
  mode: 'merge',
  events: {
    Put: {
      schemaVersion: 1,
      schema: z.strictObject({ article: z.string(), count: z.int() }),
      sample: { article: 'apples', count: 6 },
    },
    Emptied: { schemaVersion: 1, schema: z.strictObject({}), sample: {} },
    Renamed: { schemaVersion: 1, schema: z.strictObject({}), sample: {} },
    Ignored: { schemaVersion: 1, schema: z.strictObject({}), sample: {} },
  },
  initial: initialBy(rules),
  evolve: evolveBy(rules, {
    Put: ({ data: { article, count } }) => ({ lines: { put: { [article]: count } }, changes: 1 }),
    Emptied: () => ({ lines: { remove: ['apples'] }, changes: 1 }),
    Renamed: () => Object.fromEntries([['name', 'x']]),
    Ignored: () => Object.fromEntries([['notes', undefined]]),
  }),
  commands: {
    put: {
      input: z.int(),
      decide: ({ lines }, count) =>
        latestIn(lines).get('apples') === count ? [] : [{ type: 'Put', data: { article: 'apples', count } }],
    },
  },
});

function commit(log: string, position: number, type: string, data: unknown, context = {}) {
  return aCommit({ stream: 'basket/b', log, position, context, events: [{ type, schemaVersion: 1, data }] });
}

describe('a stream whose state rules make', () => {
  it('begins with the initial state of each rule', () => {
    expect(basket.initial).toEqual({ lines: {}, changes: 0, notes: [] });
  });

  it('changes the parts that an event names, and no others', () => {
    const fold = new Fold(basket);
    fold.apply(commit('eu', 1, 'Put', { article: 'apples', count: 6 }));
    fold.apply(commit('us', 1, 'Put', { article: 'apples', count: 2 }));
    fold.apply(commit('us', 2, 'Emptied', {}, { us: 1 }));
    const left = { apples: [{ by: 'basket/b@eu.1.0', value: 6 }] };
    expect(fold.state).toEqual({ lines: left, changes: 3, notes: [] });
  });

  it('shows a rule the changes to its part that a writer had not seen', () => {
    const seen: unknown[] = [];
    const watched: Rule<number, string> = {
      initial: 0,
      apply: (state, made, { unseen }) => {
        seen.push([made.change, unseen]);
        return state;
      },
    };
    const parts = { part: watched };
    const evolve = evolveBy<typeof parts, RecordedEvent<'Put' | 'Emptied'>>(parts, {
      Put: ({ id }) => ({ part: id }),
      Emptied: () => ({}),
    });
    const fold = new Fold({ ...basket, initial: initialBy(parts), evolve } as unknown as StreamDefinition);
    for (const [log, type] of [
      ['ap', 'Put'],
      ['eu', 'Emptied'],
      ['us', 'Put'],
    ] as const)
      fold.apply(commit(log, 1, type, { article: 'a', count: 1 }));
    const [first, second] = ['basket/b@ap.1.0', 'basket/b@us.1.0'];
    expect(seen).toEqual([
      [first, []],
      [second, [{ by: first, change: first }]],
    ]);
  });

  it('says of which event it is not known what it changes', () => {
    const evolve = evolveBy(rules, {});
    const fold = new Fold({ ...basket, evolve } as unknown as StreamDefinition);
    expect(() => fold.apply(commit('eu', 1, 'Put', { article: 'a', count: 1 }))).toThrow(
      'It is not said what an event of the type Put changes.',
    );
  });

  it('takes a part that is named without a change as unchanged', () => {
    const fold = new Fold(basket);
    fold.apply(commit('eu', 1, 'Ignored', {}));
    expect(fold.state).toEqual(basket.initial);
  });

  it('decides on the state as commands see it', () => {
    expect(basket.commands.put.decide(basket.initial, 6, { id: 'b', now: 0 })).toHaveLength(1);
  });

  it('says which change has no rule', () => {
    expect(() => new Fold(basket).apply(commit('eu', 1, 'Renamed', {}))).toThrow(
      'An event of the type Renamed changes name, which has no rule.',
    );
  });
});

describe('the context of an event', () => {
  it('says of every event whether its writer had seen it', () => {
    const seen: boolean[] = [];
    const watching = {
      ...basket,
      evolve: (state: typeof basket.initial, _event: unknown, { saw }: { saw: (id: string) => boolean }) => {
        for (const id of ['basket/b@eu.1.0', 'basket/b@eu.2.0', 'basket/b@eu.9.0']) seen.push(saw(id));
        return state;
      },
    };
    const fold = new Fold(watching);
    fold.apply(commit('eu', 1, 'Emptied', {}));
    fold.apply(commit('eu', 2, 'Emptied', {}, { eu: 1 }));
    seen.length = 0;
    fold.apply(commit('us', 1, 'Emptied', {}, { eu: 1 }));
    expect(seen).toEqual([true, false, false]);
  });
});

describe('a change', () => {
  it.each([addWinsMap<number>(), removeWinsMap<number>(), addWinsSet(), removeWinsSet()])(
    'has no misspelt member',
    (rule) => {
      const parts = { part: rule };
      const evolve = evolveBy(parts, { Put: () => ({ part: { remov: ['a'] } as object }) });
      const fold = new Fold({ ...basket, initial: initialBy(parts), evolve } as unknown as StreamDefinition);
      expect(() => fold.apply(commit('eu', 1, 'Put', { article: 'a', count: 1 }))).toThrow(
        'A change has no member remov.',
      );
    },
  );

  it('names a field or a key only with a value', () => {
    const parts = {
      fields: lastWriterWinsPerField({ name: 'Ann', age: 30 }),
      map: addWinsMap<number>(),
      sum: counter(),
    };
    const put: Record<string, number> = { y: 1 };
    Reflect.set(put, 'x', undefined);
    const undefinedName = { age: 31, ...Object.fromEntries([['name', undefined]]) };
    const evolve = evolveBy(parts, {
      Put: () => ({
        fields: undefinedName,
        map: { put },
        sum: -0,
      }),
    });
    const fold = new Fold({ ...basket, initial: initialBy(parts), evolve } as unknown as StreamDefinition);
    fold.apply(commit('eu', 1, 'Put', { article: 'a', count: 1 }));
    const map = { y: [{ by: 'basket/b@eu.1.0', value: 1 }] };
    expect(fold.state).toStrictEqual({ fields: { name: 'Ann', age: 31 }, map, sum: 0 });
  });
});
