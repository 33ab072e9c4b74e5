import * as z from 'zod';
import { defineDomain, defineStream, defineView, reject } from '../../core/index.ts';

/** An entry of a note, and the ids of the earlier entries that its writer had not seen. */
export interface Entry {
  readonly id: string;
  readonly commitId: string;
  readonly text: string;
  readonly concurrent: readonly string[];
}

/** A merge stream whose state shows everything that folding decides: order, copies and concurrency. */
export const note = defineStream({
  type: 'note',
  mode: 'merge',
  events: { Written: { schemaVersion: 1, schema: z.object({ text: z.string() }) } },
  initial: [] as readonly Entry[],
  evolve: (entries, { id, commitId, data }, { concurrent }) => [
    ...entries,
    { id, commitId, text: data.text, concurrent: concurrent.map((event) => event.id) },
  ],
  commands: {
    write: { input: z.string(), decide: (_entries, text) => [{ type: 'Written', data: { text } }] },
  },
});

/** How much a stock holds. */
export const STOCK = 5;

/** A home stream with an invariant that only serial decisions keep: never more taken than there is. */
const stock = defineStream({
  type: 'stock',
  mode: 'home',
  home: (id, regions) => regions[Number(id) % regions.length] ?? '',
  events: { Taken: { schemaVersion: 1, schema: z.object({ by: z.string() }) } },
  initial: [] as readonly string[],
  evolve: (takers, { data }) => [...takers, data.by],
  commands: {
    take: {
      input: z.string(),
      decide: (takers, by) => {
        if (takers.length >= STOCK) throw reject('sold out', { stock: STOCK });
        return [{ type: 'Taken', data: { by } }];
      },
    },
  },
});

const amountSchema = z.strictObject({ amount: z.int().positive() });

/** A home stream that transactions move money between; its id begins with its Region: `us-east-1.ann`. */
const account = defineStream({
  type: 'account',
  mode: 'home',
  home: (id, regions) => regions.find((region) => id.startsWith(`${region}.`)) ?? '',
  events: {
    Deposited: { schemaVersion: 1, schema: amountSchema },
    Withdrawn: { schemaVersion: 1, schema: amountSchema },
  },
  initial: 0,
  evolve: (balance, { type, data }) => balance + (type === 'Deposited' ? data.amount : -data.amount),
  commands: {
    deposit: { input: amountSchema, decide: (_balance, data) => [{ type: 'Deposited', data }] },
    withdraw: {
      input: amountSchema,
      decide: (balance, data) => {
        if (balance < data.amount) throw reject('not enough', { balance });
        return [{ type: 'Withdrawn', data }];
      },
    },
  },
});

const notes = defineView({ kind: 'rows', name: 'notes', of: note, row: (entries) => entries });
const words = defineView({
  kind: 'totals',
  name: 'words',
  of: note,
  shards: 2,
  totals: (entries) => {
    const counts: Record<string, { count: number }> = {};
    for (const { text } of entries) counts[text] = { count: (counts[text]?.count ?? 0) + 1 };
    return counts;
  },
});
const taken = defineView({
  kind: 'totals',
  name: 'taken',
  of: stock,
  totals: (takers, id) => ({ [id]: { taken: takers.length } }),
});

/** All the money there is, for every Region that has some. */
const money = defineView({
  kind: 'totals',
  name: 'money',
  of: account,
  totals: (balance, id) => ({ [id.slice(0, id.indexOf('.'))]: { balance } }),
});

/** A domain to find faults with: what its streams and views show tells every difference between Regions. */
export const ledgerDomain = defineDomain({ streams: [note, stock, account], views: [notes, words, taken, money] });
