import {
  type DecideContext,
  defineDomain,
  defineStream,
  defineView,
  type EventOf,
  nextVersion,
  reject,
} from '@meridian-es/meridian';
import * as z from 'zod';

// The domain of the type tests: a stream of each mode, and a view of each kind, written like a team's.

const piecesSchema = z.strictObject({ count: z.int().min(1) });

export const stock = defineStream({
  type: 'stock',
  mode: 'home',
  home: (id, regions) => regions.find((region) => id.startsWith(`${region}.`)) ?? 'us-east-1',
  events: {
    Received: { schemaVersion: 1, schema: piecesSchema, sample: { count: 3 } },
    Taken: nextVersion(
      { schemaVersion: 1, schema: z.strictObject({ pieces: z.int() }) },
      {
        schemaVersion: 2,
        schema: piecesSchema.extend({ by: z.string().optional() }),
        sample: { count: 1 },
        upcast: ({ pieces }) => ({ count: pieces }),
      },
    ),
  },
  initial: 0,
  evolve: (left, { type, data }) => (type === 'Received' ? left + data.count : left - data.count),
  commands: {
    receive: { input: piecesSchema, decide: (_left, data) => [{ type: 'Received', data }] },
    take: {
      input: piecesSchema.extend({ by: z.string().default('nobody') }),
      decide(left, { count, by }, { id }) {
        if (count > left) throw reject(`${id} has ${left} only.`, { left });
        return [{ type: 'Taken', data: { count, by } }];
      },
    },
    close: { input: z.undefined(), decide: (left) => (left > 0 ? [{ type: 'Taken', data: { count: left } }] : []) },
  },
});

/** The lines of a cart, by article. */
export interface Cart {
  readonly lines: Readonly<Record<string, number>>;
}

const empty: Cart = { lines: {} };

const cartEvents = {
  Added: { schemaVersion: 1, schema: z.strictObject({ article: z.string(), count: z.int() }) },
  Emptied: { schemaVersion: 1, schema: z.strictObject({}) },
} as const;

function evolveCart({ lines }: Cart, { type, data }: EventOf<typeof cartEvents>): Cart {
  return type === 'Emptied' ? empty : { lines: { ...lines, [data.article]: (lines[data.article] ?? 0) + data.count } };
}

function refuseTooMany({ lines }: Cart, { id }: DecideContext): void {
  if (Object.keys(lines).length > 9) throw reject(`Cart ${id} is full.`);
}

export const cart = defineStream({
  type: 'cart',
  mode: 'merge',
  checkId(id) {
    if (!id.startsWith('c-')) throw reject(`${id} is not a cart's id.`);
  },
  events: cartEvents,
  initial: empty,
  evolve: evolveCart,
  commands: {
    add: {
      input: z.strictObject({ article: z.string(), count: z.int().optional() }),
      decide(lines, { article, count = 1 }, context) {
        refuseTooMany(lines, context);
        return [{ type: 'Added', data: { article, count } }];
      },
    },
    empty: { input: z.strictObject({}).optional(), decide: () => [{ type: 'Emptied', data: {} }] },
  },
});

export const carts = defineView({
  name: 'carts',
  kind: 'rows',
  of: cart,
  row: ({ lines }, id) => (Object.keys(lines).length > 0 ? { id, articles: Object.keys(lines) } : undefined),
});

export const left = defineView({
  name: 'left',
  kind: 'totals',
  of: stock,
  totals: (count, id) => ({ [id.slice(0, id.indexOf('.'))]: { articles: 1, pieces: count } }),
});

export const average = defineView({
  name: 'average',
  kind: 'totals',
  of: stock,
  totals: (count) => ({ all: { articles: 1, pieces: count } }),
  present: ({ articles = 0, pieces = 0 }) => ({ average: articles === 0 ? null : pieces / articles }),
});

export const shop = defineDomain({ streams: [stock, cart], views: [carts, left, average] });
