// The streams of the workloads: of each kind that the checkers can judge, in all modes.
import * as z from 'zod';
import {
  checkRights,
  type Domain,
  defineDomain,
  defineStream,
  defineView,
  type EventOf,
  type EvolveContext,
  reject,
} from '../index.ts';
import { account, note, prize, stock, tickets as toyTickets } from '../testing/toy.ts';
import { defineUse, defineWorkload, type Use } from '../workload/workload.ts';

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

const setEvents = {
  Inserted: { schemaVersion: 1, schema: textSchema, sample: { value: 'red' } },
  Removed: { schemaVersion: 1, schema: textSchema, sample: { value: 'red' } },
} as const;
type SetEvent = EventOf<typeof setEvents>;

/** An add-wins set: removing a text leaves the copies that were inserted concurrently. */
const set = defineStream({
  type: 'set',
  mode: 'merge',
  events: setEvents,
  initial: noTexts,
  evolve: Object.assign(
    (texts: readonly string[], { type, data: { value } }: SetEvent, { concurrent }: EvolveContext<SetEvent>) => {
      const others = texts.filter((text) => text !== value);
      const stays =
        type === 'Inserted' ||
        (texts.includes(value) && concurrent.some((event) => event.type === 'Inserted' && event.data.value === value));
      return stays ? [...others, value].sort() : others;
    },
    // Any two changes conflict until a later one has seen them, so that entries of the ledger change.
    { disagreements: () => [{ part: 'state', rule: 'evolve', isOpen: true }] },
  ),
  commands: {
    insert: { input: textSchema, decide: (_texts, data) => [{ type: 'Inserted', data }] },
    remove: { input: textSchema, decide: (_texts, data) => [{ type: 'Removed', data }] },
  },
});

/** Here rights are moved to a log, which may be one that a Region does not write any more. */
const tickets = defineStream({
  ...toyTickets,
  commands: {
    ...toyTickets.commands,
    move: {
      ...toyTickets.commands.move,
      decide({ left }, data, context) {
        checkRights(left, data.count, context);
        return [{ type: 'Moved', data }];
      },
    },
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

/** What is left of a `home` stream if every Region writes it. */
function withoutHome<Definition extends { readonly home: unknown }>({ home: _home, ...rest }: Definition) {
  return rest;
}

const till = defineStream({ ...withoutHome(account), type: 'till', mode: 'strong' });
const roll = defineStream({ ...withoutHome(list), type: 'roll', mode: 'strong' });
const claim = defineStream({ ...withoutHome(register), type: 'claim', mode: 'strong' });

/**
 * @param snapshots whether streams have snapshots, as many as possible
 * @param strong whether there are streams in mode `strong`
 */
function workloadDomain(snapshots: boolean, strong: boolean): Domain {
  const often = snapshots ? { snapshots: { every: 2, codeVersion: 1, settle: 1000 } } : {};
  const [notes, accounts, counters] = [
    { ...note, ...often },
    { ...account, ...often },
    { ...counter, ...often },
  ];
  const more = strong ? [till, roll, claim] : [];
  const others = [seats, list, register, set, tickets, prize, ...more].map((stream) => ({ ...stream, ...often }));
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
export const DOMAINS = { plain: workloadDomain(false, false), snapshots: workloadDomain(true, false) } as const;

/** The same with streams in mode `strong`. */
export const STRONG_DOMAINS = { plain: workloadDomain(false, true), snapshots: workloadDomain(true, true) } as const;

// The same in a `home` stream and in a `strong` one.

function asBalance(definition: typeof account | typeof till): Use {
  return defineUse(definition, {
    kind: 'balance',
    command: ({ amount }) => ({ command: amount < 0 ? 'withdraw' : 'deposit', input: { amount: Math.abs(amount) } }),
    effect: ({ type, data: { amount } }) => ({ do: 'add', amount: type === 'Deposited' ? amount : -amount }),
  });
}

function asList(definition: typeof list | typeof roll): Use {
  return defineUse(definition, {
    kind: 'list',
    command: ({ value }) => ({ command: 'append', input: { value } }),
    effect: ({ data: { value } }) => ({ do: 'append', value }),
  });
}

function asRegister(definition: typeof register | typeof claim): Use {
  return defineUse(definition, {
    kind: 'register',
    command: ({ value }) => ({ command: 'write', input: { value } }),
    effect: ({ data: { value } }) => ({ do: 'write', value }),
  });
}

/** How the streams and the views are used: by the simulator, and by `meridian record` in a world or a deployment of this domain. */
export const workload = defineWorkload({
  uses: {
    note: defineUse(note, {
      kind: 'entries',
      command: ({ text }) => ({ command: 'note', input: { text } }),
      effect: ({ data: { text } }) => ({ do: 'note', text }),
    }),
    counter: defineUse(counter, {
      kind: 'counter',
      command: ({ amount }) => ({ command: 'add', input: { amount } }),
      effect: ({ data: { amount } }) => ({ do: 'add', amount }),
    }),
    set: defineUse(set, {
      kind: 'set',
      command: ({ do: command, value }) => ({ command, input: { value } }),
      effect: ({ type, data: { value } }) => ({ do: type === 'Inserted' ? 'insert' : 'remove', value }),
    }),
    tickets: defineUse(tickets, {
      kind: 'escrow',
      command(effect) {
        switch (effect.do) {
          case 'grant':
            return { command: 'issue', input: { count: effect.amount, region: effect.region } };
          case 'use':
            return { command: 'sell', input: { count: effect.amount } };
          case 'move':
            return { command: 'move', input: { count: effect.amount, from: effect.from, to: effect.to } };
        }
      },
      effect(event) {
        switch (event.type) {
          case 'Issued':
            return { do: 'grant', amount: event.data.count, region: event.data.region };
          case 'Sold':
            return { do: 'use', amount: event.data.count };
          case 'Moved':
            return { do: 'move', amount: event.data.count, from: event.data.from, to: event.data.to };
          case 'Reclaimed':
            throw new Error('Nothing is reclaimed here.');
        }
      },
      state: ({ left }) => left,
    }),
    prize: defineUse(prize, {
      kind: 'claims',
      command(effect) {
        if (effect.do === 'claim') return { command: 'claim', input: effect.by };
        throw new Error('Only repairs refund.');
      },
      effect: (event) =>
        event.type === 'Claimed' ? { do: 'claim', by: event.data.by } : { do: 'refund', id: event.data.claim },
      state: ({ claims, refunds }) => ({ claims: claims.map(({ id }) => id), refunds }),
    }),
    account: asBalance(account),
    seats: defineUse(seats, {
      kind: 'seats',
      capacity: CAPACITY,
      command: ({ do: command, by }) => ({ command, input: by }),
      effect: ({ type, data: { by } }) => ({ do: type === 'Taken' ? 'take' : 'release', by }),
    }),
    list: asList(list),
    register: asRegister(register),
  },
  views: {
    notes: { of: 'note', shows: 'rows' },
    balances: { of: 'account', shows: 'rows' },
    money: { of: 'account', shows: 'totals', sumOf: 'state', keyBy: 'prefix' },
    counts: { of: 'counter', shows: 'totals', sumOf: 'state', keyBy: 'all' },
  },
});

/** The uses of all streams, those in mode `strong` included. */
export const fullWorkload = defineWorkload({
  ...workload,
  uses: {
    ...workload.uses,
    till: asBalance(till),
    roll: asList(roll),
    claim: asRegister(claim),
  },
});
