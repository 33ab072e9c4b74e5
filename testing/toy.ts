// The domain of Meridian's own tests: two modes, an event in its second version, rows and totals, and states that show every
// difference in folding. A test that needs a variant of a stream spreads it: `{ ...note, snapshots }`.
import * as z from 'zod';
import { defineDomain, defineStream, defineView, nextVersion, reject } from '../core/index.ts';
import { boundedCounter, checkRights, evolveBy, initialBy, logOf, reclaimable } from '../core/rules/index.ts';

/** An entry of a note. */
export interface Entry {
  /** The id of the entry's event. */
  readonly id: string;
  readonly commitId: string;
  readonly text: string;
  /** Ids of the earlier entries that the writer of this entry had not seen. */
  readonly unseen: readonly string[];
}

const textSchema = z.strictObject({ text: z.string() });

const noEntries: readonly Entry[] = [];

/** A `merge` stream whose state shows everything that folding decides: order, copies and concurrency. */
export const note = defineStream({
  type: 'note',
  mode: 'merge',
  events: { Noted: { schemaVersion: 1, schema: textSchema, sample: { text: 'red' } } },
  initial: noEntries,
  evolve: (entries, { id, commitId, data }, { concurrent }) => [
    ...entries,
    { id, commitId, text: data.text, unseen: concurrent.map((event) => event.id) },
  ],
  commands: {
    note: { input: textSchema, decide: (_entries, data) => [{ type: 'Noted', data }] },
    once: {
      input: textSchema,
      decide: (entries, data) => (entries.some(({ text }) => text === data.text) ? [] : [{ type: 'Noted', data }]),
    },
    after: {
      input: z.strictObject({ text: z.string(), after: z.string() }),
      decide(entries, { text, after }) {
        if (!entries.some((entry) => entry.text === after)) throw reject(`There is no ${after} yet.`, { after });
        return [{ type: 'Noted', data: { text } }];
      },
    },
  },
});

const amountSchema = z.strictObject({ amount: z.int().nonnegative() });

/** A `home` stream that transactions move money between; its id begins with its Region: `us-east-1.ann`. */
export const account = defineStream({
  type: 'account',
  mode: 'home',
  home(id, regions) {
    const home = regions.find((region) => id.startsWith(`${region}.`));
    if (!home) throw reject(`There is no home for ${id}.`);
    return home;
  },
  events: {
    Deposited: nextVersion(
      { schemaVersion: 1, schema: z.strictObject({ sum: z.int() }), sample: { sum: 100 } },
      { schemaVersion: 2, schema: amountSchema, sample: { amount: 100 }, upcast: ({ sum }) => ({ amount: sum }) },
    ),
    Withdrawn: { schemaVersion: 1, schema: amountSchema, sample: { amount: 10 } },
  },
  initial: 0,
  evolve: (balance, { type, data }) => balance + (type === 'Deposited' ? data.amount : -data.amount),
  commands: {
    deposit: { input: amountSchema, decide: (_balance, data) => [{ type: 'Deposited', data }] },
    withdraw: {
      input: amountSchema,
      decide(balance, data, { id }) {
        if (balance < data.amount) throw reject(`${id} has ${balance} only.`, { balance });
        return data.amount === 0 ? [] : [{ type: 'Withdrawn', data }];
      },
    },
  },
});

const noTakers: readonly string[] = [];

const bySchema = z.strictObject({ by: z.string() });

/** How much a stock holds. */
export const STOCK = 5;

/**
 * A `home` stream with an invariant that only serial decisions keep: no more is taken than is in stock. Its id is the
 * number of its Region: `stock/0` is at home in the first Region.
 */
export const stock = defineStream({
  type: 'stock',
  mode: 'home',
  home(id, regions) {
    const home = regions[Number(id) % regions.length];
    if (home === undefined) throw reject(`There is no home for ${id}.`);
    return home;
  },
  events: {
    Taken: { schemaVersion: 1, schema: bySchema, sample: { by: 'ann' } },
    Released: { schemaVersion: 1, schema: bySchema, sample: { by: 'ann' } },
  },
  initial: noTakers,
  evolve: (takers, { type, data: { by } }) =>
    type === 'Taken' ? [...takers, by] : takers.filter((_, i) => i !== takers.indexOf(by)),
  commands: {
    take: {
      input: z.string(),
      decide(takers, by, { id }) {
        if (takers.length >= STOCK) throw reject(`Stock ${id} is sold out.`, { stock: STOCK });
        return [{ type: 'Taken', data: { by } }];
      },
    },
    release: {
      input: z.string(),
      decide: (takers, by) => (takers.includes(by) ? [{ type: 'Released', data: { by } }] : []),
    },
  },
});

const countSchema = z.strictObject({ count: z.int().nonnegative() });

const ticketRules = { left: boundedCounter(0) };

/** A `merge` stream that never sells more than it has: what each log holds can be sold by its Region alone. */
export const tickets = defineStream({
  type: 'tickets',
  mode: 'merge',
  escrow: true,
  events: {
    Issued: {
      schemaVersion: 1,
      schema: countSchema.extend({ region: z.string() }),
      sample: { count: 9, region: 'us-east-1' },
    },
    Sold: { schemaVersion: 1, schema: countSchema, sample: { count: 2 } },
    Moved: {
      schemaVersion: 1,
      schema: countSchema.extend({ from: z.string(), to: z.string() }),
      sample: { count: 4, from: 'us-east-1', to: 'us-west-2' },
    },
    Reclaimed: {
      schemaVersion: 1,
      schema: countSchema.extend({ from: z.string() }),
      sample: { count: 4, from: 'us-west-2' },
    },
  },
  initial: initialBy(ticketRules),
  evolve: evolveBy(ticketRules, {
    Issued: ({ data: { count } }) => ({ left: { grant: count } }),
    Sold: ({ data: { count } }) => ({ left: { use: count } }),
    Moved: ({ data: { count, to } }) => ({ left: { move: count, to } }),
    Reclaimed: ({ data: { count, from } }) => ({ left: { reclaim: count, from } }),
  }),
  commands: {
    issue: {
      input: countSchema.extend({ region: z.string() }),
      home: ({ region }) => region,
      decide: (_tickets, data) => [{ type: 'Issued', data }],
    },
    sell: {
      input: countSchema,
      decide({ left }, data, context) {
        checkRights(left, data.count, context);
        return [{ type: 'Sold', data }];
      },
    },
    move: {
      input: countSchema.extend({ from: z.string(), to: z.string() }),
      home: ({ from }) => from,
      decide({ left }, { count, from, to }, context) {
        checkRights(left, count, context);
        return [{ type: 'Moved', data: { count, from, to: logOf(context, to) } }];
      },
    },
    reclaim: {
      input: z.strictObject({ log: z.string() }),
      home: (_input, regions) => regions[0] ?? '',
      decide({ left }, { log }, context) {
        const count = reclaimable(left, log, context);
        return count === 0 ? [] : [{ type: 'Reclaimed', data: { count, from: log } }];
      },
    },
  },
});

/** Who has claimed a prize, in fold order, and whose claims were refunded, by the ids of their commits. */
export interface Claims {
  readonly claims: readonly { readonly id: string; readonly by: string }[];
  readonly refunds: readonly string[];
}

const noClaims: Claims = { claims: [], refunds: [] };

/** The claim that has the prize: the first one that was not refunded. */
export function winnerOf({ claims, refunds }: Claims): Claims['claims'][number] | undefined {
  return claims.find(({ id }) => !refunds.includes(id));
}

/** A `merge` stream that several Regions may claim at the same time: only one of them wins, and a repair refunds the others. */
export const prize = defineStream({
  type: 'prize',
  mode: 'merge',
  events: {
    Claimed: { schemaVersion: 1, schema: bySchema, sample: { by: 'ann' } },
    Refunded: { schemaVersion: 1, schema: z.strictObject({ claim: z.string() }), sample: { claim: 'claim-1' } },
  },
  initial: noClaims,
  evolve: ({ claims, refunds }, { type, commitId, data }) =>
    type === 'Claimed'
      ? { claims: [...claims, { id: commitId, by: data.by }], refunds }
      : { claims, refunds: [...refunds, data.claim] },
  commands: {
    claim: {
      input: z.string(),
      decide(state, by, { id }) {
        if (winnerOf(state)) throw reject(`${id} is taken.`);
        return [{ type: 'Claimed', data: { by } }];
      },
    },
  },
  reconcile(state, conflicts) {
    const winner = winnerOf(state);
    const commits = conflicts.flatMap(({ commit, against }) => [...against, commit]);
    const lost = commits
      .filter(({ events }) => events.some(({ type }) => type === 'Claimed'))
      .map(({ commitId }) => commitId)
      .filter((id) => id !== winner?.id && !state.refunds.includes(id));
    return [...new Set(lost)].map((claim) => ({ type: 'Refunded' as const, data: { claim } }));
  },
});

/** One row per note that has entries: all of its entries. */
export const notes = defineView({
  name: 'notes',
  kind: 'rows',
  of: note,
  row: (entries) => (entries.length > 0 ? entries : undefined),
});

/** How many times each text was noted, over all notes; shown as a number. */
export const words = defineView({
  name: 'words',
  kind: 'totals',
  of: note,
  shards: 2,
  totals(entries) {
    const counts = Map.groupBy(entries, ({ text }) => text);
    return Object.fromEntries(counts.entries().map(([text, { length: count }]) => [text, { count }]));
  },
  present: ({ count = 0 }) => count,
});

/** How much of each stock is taken, as `{ taken }`. */
export const taken = defineView({
  name: 'taken',
  kind: 'totals',
  of: stock,
  totals: (takers, id) => ({ [id]: { taken: takers.length } }),
});

/** The sum of all balances in each Region, as `{ balance }`. */
export const money = defineView({
  name: 'money',
  kind: 'totals',
  of: account,
  totals: (balance, id) => ({ [id.slice(0, id.indexOf('.'))]: { balance } }),
});

export const toyDomain = defineDomain({ streams: [note, account, stock], views: [notes, words, taken, money] });
