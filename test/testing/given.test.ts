import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineStream, defineView, nextVersion, reject, type StreamDefinition } from '../../core/index.ts';
import { given, nothing, rejected } from '../../testing/index.ts';

interface Entry {
  readonly text: string;
  /** The texts that the writer of the text had not seen. */
  readonly unseen: readonly string[];
}

const words = nextVersion(
  { schemaVersion: 1, schema: z.string() },
  { schemaVersion: 2, schema: z.strictObject({ text: z.string() }), upcast: (text) => ({ text }) },
);

const note = defineStream({
  type: 'note',
  mode: 'merge',
  events: { Written: words },
  initial: [] as readonly Entry[],
  evolve: (entries, { data: { text } }, { concurrent }) => [
    ...entries,
    { text, unseen: concurrent.map(({ data }) => data.text) },
  ],
  commands: {
    write: {
      input: z.string(),
      decide: (entries, text, { id, now }) => {
        if (text === 'full') throw reject(`${id} is full at ${now}`, { entries: entries.length });
        if (text === 'broken') throw new TypeError('a fault of decide');
        return text === '' ? [] : [{ type: 'Written', data: { text } }];
      },
    },
    misspell: { input: z.unknown(), decide: () => [{ type: 'Written', data: JSON.parse('{"txt":"a"}') }] },
  },
});
const careless = defineStream({
  type: 'careless',
  mode: 'merge',
  events: { Added: { schemaVersion: 1, schema: z.number() } },
  initial: { all: [] as number[] },
  evolve: (state, { data }) => {
    state.all.push(data);
    return state;
  },
  commands: {},
});
/** The definition for a test without types. */
const untyped: StreamDefinition = note;
const account = defineStream({ ...note, type: 'account', mode: 'home', home: () => 'us-east-1' });

const last = defineView({
  name: 'last',
  kind: 'rows',
  of: note,
  row: (entries, id) => entries.at(-1) && { id, n: entries.length },
});
const counts = defineView({
  name: 'counts',
  kind: 'totals',
  of: note,
  totals: (entries, id) => ({ [id]: { n: entries.length } }),
});

function written(text: string) {
  return { type: 'Written', data: { text } } as const;
}
function entry(text: string, ...unseen: readonly string[]): Entry {
  return { text, unseen };
}

/** The error of a test that fails. */
function failureOf(test: () => unknown): AssertionError {
  try {
    test();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  return expect.fail('it did not fail');
}

describe('given', () => {
  it('has the state of the events, each of which had seen all earlier events', () => {
    expect(given(note).state).toEqual([]);
    given(note, written('a'), written('b')).hasState([entry('a'), entry('b')]);
  });

  it('has branches that have not seen each other, and continues with writers that have seen all of them', () => {
    given(note, written('a'))
      .concurrently([written('b'), written('c')], [written('d')])
      .and(written('e'))
      .concurrently([written('f')], [written('g')], [written('h')])
      .hasState([
        entry('a'),
        entry('b'),
        entry('c'),
        entry('d', 'b', 'c'),
        entry('e'),
        entry('f'),
        entry('g', 'f'),
        entry('h', 'f', 'g'),
      ]);
  });

  it('passes an event in an earlier version through its upcasters', () => {
    given(note, { type: 'Written', schemaVersion: 1, data: 'a' }, written('b')).hasState([entry('a'), entry('b')]);
  });

  it('returns a new object at each step', () => {
    const before = given(note, written('a'));
    before.and(written('b'));
    before.hasState([entry('a')]);
  });

  it('refuses events that the stream cannot have', () => {
    expect(() => given(untyped, { type: 'Wrote', data: {} })).toThrow(/note .*no event Wrote/);
    expect(() => given(untyped, written('a'), { type: 'Written', data: { text: 5 } })).toThrow('events[1].data.text');
    expect(() => given(note, { type: 'Written', schemaVersion: 3, data: { text: 'a' } })).toThrow(/3.* version 2/);
    expect(() => given(account).concurrently([written('a')], [written('b')])).toThrow('account is a home stream');
  });

  it('refuses events whose schema returns what cannot be stored, and folds others as a store returns them', () => {
    const seen: unknown[] = [];
    const door = defineStream({
      type: 'door',
      mode: 'merge',
      events: {
        Visited: { schemaVersion: 1, schema: z.strictObject({ at: z.iso.datetime().transform((at) => new Date(at)) }) },
        Closed: { schemaVersion: 1, schema: z.string().transform((by) => ({ by, at: undefined })) },
      },
      initial: 0,
      evolve: (count, { data }) => {
        seen.push(data);
        return count + 1;
      },
      commands: {
        visit: { input: z.iso.datetime(), decide: (_count, at) => [{ type: 'Visited', data: { at } }] },
      },
    });
    const at = '2026-01-01T08:00:00Z';
    expect(() => given(door, { type: 'Visited', data: { at } })).toThrow('events[0].data.at: is a Date');
    expect(() => given(door).when('visit', at)).toThrow('decided an event that its schema refuses');
    given(door, { type: 'Closed', data: 'ann' }).hasState(1);
    expect(seen).toStrictEqual([{ by: 'ann' }]);
  });

  it('refuses rows and totals that cannot be stored', () => {
    const dated = defineView({ name: 'dated', kind: 'rows', of: note, row: () => ({ at: new Date(0) }) });
    expect(() => given(note).hasRow(dated, { at: new Date(0) })).toThrow('View dated: row.at of test is a Date');
    const half = defineView({ name: 'half', kind: 'totals', of: note, totals: () => ({ '\ud83d': { n: 1 } }) });
    expect(() => given(note).hasTotals(half, {})).toThrow('View half: its totals have the key "\\ud83d"');
  });

  it('shows the details of a refusal as a caller gets them', () => {
    const shop = defineStream({
      ...note,
      commands: {
        buy: {
          input: z.undefined(),
          decide: () => {
            throw reject('Only 10 are left.', { left: 10n, of: 'tea' });
          },
        },
      },
    });
    given(shop)
      .when('buy')
      .then(rejected('Only 10', { of: 'tea' }));
  });

  it('detects an evolve that mutates the given state', () => {
    expect(() => given(careless, { type: 'Added', data: 1 }).state).toThrow('object is not extensible');
  });

  it('shows the difference from the expected state', () => {
    const { message, actual, expected } = failureOf(() => given(note, written('a')).hasState([entry('b')]));
    expect(message).toMatch(/^The state of note .*:\n/);
    expect(message).toContain("+     text: 'a',\n-     text: 'b',");
    expect({ actual, expected }).toEqual({ actual: [entry('a')], expected: [entry('b')] });
  });

  it('has the rows and totals of views', () => {
    given(note)
      .hasRow(last, undefined)
      .hasTotals(counts, { test: { n: 0 } });
    given(note, written('a'))
      .hasRow(last, { id: 'x', n: 1 }, 'x')
      .hasTotals(counts, { x: { n: 1 } }, 'x');
  });

  it('reports a row and totals that differ', () => {
    expect(failureOf(() => given(note).hasRow(last, { id: 'test', n: 1 })).message).toMatch(/row in last/);
    expect(failureOf(() => given(note).hasTotals(counts, {})).message).toMatch(/totals in counts/);
  });

  it('says whether a view has rows or totals', () => {
    expect(() => Reflect.apply(given(note).hasRow, given(note), [counts, {}])).toThrow('use hasTotals');
    expect(() => Reflect.apply(given(note).hasTotals, given(note), [last, {}])).toThrow('use hasRow');
  });
});

describe('when and then', () => {
  it('match a decision: events, nothing, or a refusal', () => {
    given(note).when('write', 'a').then(written('a'));
    given(note).when('write', '').then(nothing);
    given(note).when('write', 'full').then(rejected());
    given(note, written('a'))
      .when('write', 'full', { id: 'n', now: 7 })
      .then(rejected('n is full at 7', { entries: 1 }));
    expect(given(note).when('write', 'a').events).toEqual([written('a')]);
    expect(() => given(note).when('write', 'full').events).toThrow('test is full at 0');
  });

  it.each([
    ['other events', 'a', [written('b')], 'note.write decided something else:\n'],
    ['more events', 'a', [written('a'), written('a')], 'note.write decided something else:\n'],
    ['nothing instead of an event', '', [written('b')], 'note.write decided something else:\n'],
    ['an event instead of nothing', 'a', [nothing], 'note.write decided something else:\n'],
    ['an event instead of a refusal', 'a', [rejected()], 'note.write was not rejected, it decided Written'],
    ['nothing instead of a refusal', '', [rejected()], 'note.write was not rejected, it decided nothing'],
    ['a refusal instead of an event', 'full', [written('a')], 'note.write was rejected: test is full at 0'],
    ['a refusal instead of nothing', 'full', [nothing], 'note.write was rejected: test is full at 0'],
    ['another message', 'full', [rejected('sold out')], 'was rejected with another message: test is full at 0'],
    ['other details', 'full', [rejected('', { entries: 5 })], 'was rejected with other details:\n'],
  ] as const)('fail on %s', (_what, input, expected, message) => {
    const decision = given(note).when('write', input);
    const failure = failureOf(() => Reflect.apply(decision.then, decision, expected));
    expect(failure.message).toContain(message);
  });

  it('refuse an invalid command or input, and pass on a fault of the domain', () => {
    expect(() => given(untyped).when('wipe')).toThrow(/note .*no command wipe/);
    expect(() => given(untyped).when('write', 5)).toThrow(/^input: .*expected string/);
    expect(() => given(note).when('write', 'broken')).toThrow(new TypeError('a fault of decide'));
    expect(() => given(note).when('misspell')).toThrow(/note\.misspell .*schema/);
  });

  it('report a missing or an ambiguous expectation, and an awaited decision', async () => {
    const decision = given(note).when('write', 'a');
    expect(() => Reflect.apply(decision.then, decision, [])).toThrow('Pass what is expected');
    for (const other of [nothing, rejected()])
      expect(() => Reflect.apply(decision.then, decision, [other, written('a')])).toThrow('either events, or nothing');
    await expect(Promise.resolve<unknown>(decision)).rejects.toThrow('A decision is not a promise');
  });
});
