import {
  type Domain,
  defineDomain,
  defineStream,
  defineView,
  type EventOf,
  type FieldSums,
  type HomeStream,
  type MergeStream,
  type NewEventOf,
  nextVersion,
  type RowView,
  type StreamDefinition,
  type TotalView,
  type ViewDefinition,
} from '@meridian-es/meridian';
import { expectTypeOf } from 'vitest';
import * as z from 'zod';
import { average, type Cart, cart, carts, left, shop, stock } from './a-shop.ts';

// Compiled, not run. `@ts-expect-error` expects an error in the next line, and is an error itself if there is none.

// ── What is inferred ──

expectTypeOf(stock.type).toEqualTypeOf<'stock'>();
expectTypeOf(stock.mode).toEqualTypeOf<'home'>();
expectTypeOf(stock.home).toEqualTypeOf<(id: string, regions: readonly string[]) => string>();
expectTypeOf(stock).toExtend<HomeStream<'stock', number>>();
expectTypeOf(stock.initial).toEqualTypeOf<number>();
expectTypeOf<keyof typeof stock.events>().toEqualTypeOf<'Received' | 'Taken'>();
expectTypeOf<keyof typeof stock.commands>().toEqualTypeOf<'receive' | 'take' | 'close'>();
expectTypeOf<z.input<typeof stock.commands.take.input>>().toEqualTypeOf<{ count: number; by?: string | undefined }>();
expectTypeOf<z.output<typeof stock.commands.take.input>>().toEqualTypeOf<{ count: number; by: string }>();
expectTypeOf<NewEventOf<typeof stock.events>>().toEqualTypeOf<
  | { readonly type: 'Received'; readonly data: { count: number } }
  | { readonly type: 'Taken'; readonly data: { count: number; by?: string | undefined } }
>();
expectTypeOf<EventOf<typeof stock.events>['data']>().toEqualTypeOf<
  { count: number } | { count: number; by?: string | undefined }
>();

expectTypeOf(cart.type).toEqualTypeOf<'cart'>();
expectTypeOf(cart.mode).toEqualTypeOf<'merge'>();
expectTypeOf(cart).toExtend<MergeStream<'cart', Cart>>();
expectTypeOf(cart.initial).toEqualTypeOf<Cart>();

expectTypeOf(carts).toEqualTypeOf<RowView<Cart, 'carts', { id: string; articles: string[] }>>();
expectTypeOf(left).toEqualTypeOf<TotalView<number, 'left', 'articles' | 'pieces', FieldSums<'articles' | 'pieces'>>>();
expectTypeOf(average).toEqualTypeOf<TotalView<number, 'average', 'articles' | 'pieces', { average: number | null }>>();

type StreamOf<D> = D extends Domain<infer Stream> ? Stream : never;
type ViewOf<D> = D extends Domain<StreamDefinition, infer View> ? View : never;
expectTypeOf<StreamOf<typeof shop>>().toEqualTypeOf<typeof stock | typeof cart>();
expectTypeOf<ViewOf<typeof shop>>().toEqualTypeOf<typeof carts | typeof left | typeof average>();
expectTypeOf<Extract<StreamOf<typeof shop>, { type: 'stock' }>>().toEqualTypeOf<typeof stock>();
expectTypeOf<Extract<ViewOf<typeof shop>, { name: 'left' }>>().toEqualTypeOf<typeof left>();

// ── What the engine and its callers accept ──

expectTypeOf(stock).toExtend<StreamDefinition>();
expectTypeOf(cart).toExtend<StreamDefinition>();
expectTypeOf(left).toExtend<ViewDefinition>();
expectTypeOf(shop).toExtend<Domain>();
expectTypeOf(defineDomain({ streams: [], views: [] })).toExtend<Domain>();
expectTypeOf<Domain>().not.toExtend<typeof shop>();

/** The mode determines the members. */
export function homeOrCheck(definition: StreamDefinition) {
  return definition.mode === 'home' ? definition.home('id', []) : definition.checkId?.('id');
}

// ── What does not compile ──

// @ts-expect-error the mode is misspelled
defineStream({ ...cart, mode: 'merged' });

// @ts-expect-error a stream with a home has to say where it is
defineStream({ type: 'lamp', mode: 'home', events: {}, initial: 0, evolve: () => 0, commands: {} });

defineStream({
  ...cart,
  evolve: (state, event) =>
    // @ts-expect-error the event is misspelled
    event.type === 'Aded' ? state : empty,
});

defineStream({
  ...cart,
  // @ts-expect-error the field of the event is misspelled
  evolve: (_state, { type, data }) => (type === 'Added' ? { lines: { [data.artcle]: 1 } } : empty),
});

defineStream({
  ...cart,
  commands: {
    add: {
      input: z.string(),
      // @ts-expect-error the decided event is misspelled
      decide: (_cart, article) => [{ type: 'Aded', data: { article, count: 1 } }],
    },
  },
});

defineStream({
  ...cart,
  commands: {
    add: {
      input: z.string(),
      // @ts-expect-error the field of the decided event is misspelled
      decide: (_cart, article) => [{ type: 'Added', data: { artcle: article, count: 1 } }],
    },
  },
});

defineStream({
  ...cart,
  commands: {
    add: {
      input: z.strictObject({ article: z.string() }),
      // @ts-expect-error the field of the input is misspelled
      decide: (_cart, { artcle }) => [{ type: 'Added', data: { article: artcle, count: 1 } }],
    },
  },
});

defineStream({
  ...cart,
  commands: {
    add: {
      input: z.string(),
      // @ts-expect-error the field of the state is misspelled
      decide: ({ lnes }, article) => (lnes ? [] : [{ type: 'Added', data: { article, count: 1 } }]),
    },
  },
});

const named = z.strictObject({ name: z.string() });
// @ts-expect-error the field of the earlier version is misspelled
nextVersion(cart.events.Added, { schemaVersion: 2, schema: named, upcast: ({ artcle }) => ({ name: artcle }) });

// @ts-expect-error the kind of the view is misspelled
defineView({ name: 'lines', kind: 'row', of: cart, row: () => 1 });

// @ts-expect-error the field of the state is misspelled
defineView({ name: 'lines', kind: 'rows', of: cart, row: ({ lnes }) => lnes });

defineView({
  ...left,
  // @ts-expect-error the field of the totals is misspelled
  present: ({ peaces }) => peaces,
});

// @ts-expect-error totals are numbers
defineView({ name: 'names', kind: 'totals', of: cart, totals: (_cart, id) => ({ all: { name: id } }) });

// @ts-expect-error the member of the domain is misspelled
shop.streems;

// @ts-expect-error the command is misspelled
stock.commands.tke;

// @ts-expect-error the event is misspelled
stock.events.Tken;

// A repair gets the state and its events, and returns events of the type.
const repaired = defineStream({
  ...cart,
  reconcile(state, conflicts) {
    expectTypeOf(state).toEqualTypeOf<Cart>();
    for (const { commit, against, repairedBy } of conflicts) {
      expectTypeOf(commit).toEqualTypeOf<(typeof against)[number]>();
      expectTypeOf(repairedBy).toEqualTypeOf<typeof commit | undefined>();
      expectTypeOf(commit.events.map(({ type }) => type)).toEqualTypeOf<(keyof typeof cart.events)[]>();
    }
    return conflicts.map(() => ({ type: 'Emptied' as const, data: {} }));
  },
  reconcileIn: (id, regions) => regions[id.length] ?? id,
});
expectTypeOf(repaired.mode).toEqualTypeOf<'merge'>();

defineStream({
  ...cart,
  // @ts-expect-error there is no such event
  reconcile: () => [{ type: 'Emptid', data: {} }],
});

defineStream({
  ...cart,
  // @ts-expect-error the field of the state is misspelled
  reconcile: ({ lnes }) => (lnes ? [] : [{ type: 'Emptied', data: {} }]),
});

defineStream({
  ...{ type: 'seat', mode: 'strong', events: {}, initial: 0, evolve: () => 0, commands: {} },
  // @ts-expect-error a strong stream has no conflicts
  reconcile: () => [],
});

defineStream({
  ...stock,
  // @ts-expect-error a home stream is repaired in its home
  reconcileIn: () => 'eu-west-1',
});

const empty: Cart = { lines: {} };
