// The streams of the workloads: of each kind that the checkers can judge, in both modes.
import * as z from 'zod';
import type { Effect, Kind } from '../checkers/history.ts';
import { type Domain, defineDomain, defineStream, defineView, reject } from '../index.ts';
import { account, note, stock } from '../testing/toy.ts';

const valueSchema = z.strictObject({ value: z.int() });
const textSchema = z.strictObject({ value: z.string() });
const amountSchema = z.strictObject({ amount: z.int() });

const noNumbers: readonly number[] = [];
const noTexts: readonly string[] = [];

/** The ids of all `home` streams begin with their Region, as those of accounts do: `us-east-1.a`. */
const home = account.home;

const list = defineStream({
  type: 'list',
  mode: 'home',
  home,
  events: { Appended: { schemaVersion: 1, schema: valueSchema, sample: { value: 1 } } },
  initial: noNumbers,
  evolve: (numbers, { data }) => [...numbers, data.value],
  commands: { append: { input: valueSchema, decide: (_numbers, data) => [{ type: 'Appended', data }] } },
});

const nothing: number | null = null;

const register = defineStream({
  type: 'register',
  mode: 'home',
  home,
  events: { Written: { schemaVersion: 1, schema: valueSchema, sample: { value: 1 } } },
  initial: nothing as number | null,
  evolve: (_value, { data }) => data.value,
  commands: { write: { input: valueSchema, decide: (_value, data) => [{ type: 'Written', data }] } },
});

const counter = defineStream({
  type: 'counter',
  mode: 'merge',
  events: { Added: { schemaVersion: 1, schema: amountSchema, sample: { amount: 1 } } },
  initial: 0,
  evolve: (sum, { data }) => sum + data.amount,
  commands: { add: { input: amountSchema, decide: (_sum, data) => [{ type: 'Added', data }] } },
});

/** An add-wins set: removing a text leaves the copies that were inserted concurrently. */
const set = defineStream({
  type: 'set',
  mode: 'merge',
  events: {
    Inserted: { schemaVersion: 1, schema: textSchema, sample: { value: 'red' } },
    Removed: { schemaVersion: 1, schema: textSchema, sample: { value: 'red' } },
  },
  initial: noTexts,
  evolve(texts, { type, data: { value } }, { concurrent }) {
    const others = texts.filter((text) => text !== value);
    const stays =
      type === 'Inserted' ||
      (texts.includes(value) && concurrent.some((event) => event.type === 'Inserted' && event.data.value === value));
    return stays ? [...others, value].sort() : others;
  },
  commands: {
    insert: { input: textSchema, decide: (_texts, data) => [{ type: 'Inserted', data }] },
    remove: { input: textSchema, decide: (_texts, data) => [{ type: 'Removed', data }] },
  },
});

const CAPACITY = 3;

const seats = defineStream({
  ...stock,
  type: 'seats',
  home,
  commands: {
    ...stock.commands,
    take: {
      input: z.string(),
      decide(takers, by, { id }) {
        if (takers.length >= CAPACITY) throw reject(`${id} is sold out.`);
        return [{ type: 'Taken', data: { by } }];
      },
    },
  },
});

/** @param snapshots whether streams have snapshots, as many as possible */
function workloadDomain(snapshots: boolean): Domain {
  const often = snapshots ? { snapshots: { every: 2, codeVersion: 1, settle: 1000 } } : {};
  const [notes, accounts, counters] = [
    { ...note, ...often },
    { ...account, ...often },
    { ...counter, ...often },
  ];
  const others = [seats, list, register, set].map((stream) => ({ ...stream, ...often }));
  return defineDomain({
    streams: [notes, accounts, counters, ...others],
    views: [
      defineView({ name: 'notes', kind: 'rows', of: notes, row: (entries) => entries }),
      defineView({ name: 'balances', kind: 'rows', of: accounts, row: (balance) => balance }),
      defineView({
        name: 'money',
        kind: 'totals',
        of: accounts,
        totals: (balance, id) => ({ [id.slice(0, id.indexOf('.'))]: { sum: balance } }),
        present: ({ sum = 0 }) => sum,
      }),
      defineView({
        name: 'counts',
        kind: 'totals',
        of: counters,
        shards: 2,
        totals: (sum) => ({ all: { sum } }),
        present: ({ sum = 0 }) => sum,
      }),
    ],
  });
}

/** The domain without snapshots, and with them. Making one takes longer than a history of few operations. */
export const DOMAINS = { plain: workloadDomain(false), snapshots: workloadDomain(true) } as const;

/** What the views show, for the checkers. */
export const VIEWS = {
  notes: { of: 'note', shows: 'rows' },
  balances: { of: 'account', shows: 'rows' },
  money: { of: 'account', shows: 'totals', sumOf: 'state', keyBy: 'prefix' },
  counts: { of: 'counter', shows: 'totals', sumOf: 'state', keyBy: 'all' },
} as const;

/** What the types are, for the checkers. */
export const TYPES = {
  note: { mode: 'merge', kind: 'entries' },
  counter: { mode: 'merge', kind: 'counter' },
  set: { mode: 'merge', kind: 'set' },
  account: { mode: 'home', kind: 'balance' },
  seats: { mode: 'home', kind: 'seats', capacity: CAPACITY },
  list: { mode: 'home', kind: 'list' },
  register: { mode: 'home', kind: 'register' },
} as const satisfies Readonly<Record<string, { mode: 'merge' | 'home'; kind: Kind; capacity?: number }>>;

export type TypeName = keyof typeof TYPES;

/** The command that has an effect on a stream of a type, with its input. */
export function commandOf(type: TypeName, effect: Effect): { readonly command: string; readonly input: unknown } {
  switch (effect.do) {
    case 'append':
    case 'write':
    case 'insert':
    case 'remove':
      return { command: effect.do, input: { value: effect.value } };
    case 'add': {
      if (type === 'counter') return { command: 'add', input: { amount: effect.amount } };
      const command = effect.amount < 0 ? 'withdraw' : 'deposit';
      return { command, input: { amount: Math.abs(effect.amount) } };
    }
    case 'take':
    case 'release':
      return { command: effect.do, input: effect.by };
    case 'note':
      return { command: 'note', input: { text: effect.text } };
  }
}

const dataSchema = z.object({
  value: z.union([z.number(), z.string()]).optional(),
  amount: z.number().optional(),
  by: z.string().optional(),
  text: z.string().optional(),
});

/** What a stored event does, in the words of the checkers. @throws Error if no workload writes such an event */
export function effectOf({ type, data }: { readonly type: string; readonly data: unknown }): Effect {
  const { value, amount = 0, by = '', text = '' } = dataSchema.parse(data);
  switch (type) {
    case 'Appended':
      return { do: 'append', value: Number(value) };
    case 'Written':
      return { do: 'write', value: Number(value) };
    case 'Added':
    case 'Deposited':
      return { do: 'add', amount };
    case 'Withdrawn':
      return { do: 'add', amount: -amount };
    case 'Taken':
      return { do: 'take', by };
    case 'Released':
      return { do: 'release', by };
    case 'Inserted':
      return { do: 'insert', value: String(value) };
    case 'Removed':
      return { do: 'remove', value: String(value) };
    case 'Noted':
      return { do: 'note', text };
    default:
      throw new Error(`No workload writes ${type}.`);
  }
}
