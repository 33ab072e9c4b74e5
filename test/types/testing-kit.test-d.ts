import { given, nothing, rejected } from '@meridian-es/meridian/testing';
import { expectTypeOf } from 'vitest';
import { average, cart, carts, left, stock } from './a-shop.ts';

// Compiled, not run. `@ts-expect-error` expects an error in the next line, and is an error itself if there is none.

const received = { type: 'Received', data: { count: 5 } } as const;
const taking = given(stock).when('take', { count: 1 });

// ── What is inferred, and what compiles ──

expectTypeOf(given(stock).state).toEqualTypeOf<number>();
expectTypeOf(taking.events).toEqualTypeOf<
  readonly (
    | { readonly type: 'Received'; readonly data: { count: number } }
    | { readonly type: 'Taken'; readonly data: { count: number; by?: string | undefined } }
  )[]
>();

given(stock, received)
  .and({ type: 'Taken', data: { count: 1 } }, { type: 'Taken', schemaVersion: 1, data: { pieces: 1 } })
  .hasState(3)
  .hasTotals(left, { eu: { articles: 1, pieces: 3 } })
  .hasTotals(average, { all: { articles: 1, pieces: 3 } })
  .when('take', { count: 1, by: 'me' }, { id: 'eu.lamp', now: 1 })
  .then({ type: 'Taken', data: { count: 1, by: 'me' } });
given(stock)
  .when('take', { count: 1 })
  .then(rejected('only', { left: 0 }));
given(stock).when('close').then(nothing);
given(stock).when('close', undefined, { id: 'eu.lamp' }).then(nothing);
given(cart).when('empty').then({ type: 'Emptied', data: {} });
given(cart).when('empty', {}).then({ type: 'Emptied', data: {} });
given(cart)
  .concurrently([{ type: 'Added', data: { article: 'lamp', count: 1 } }], [{ type: 'Emptied', data: {} }])
  .hasRow(carts, { id: 'c-1', articles: ['lamp'] }, 'c-1')
  .hasRow(carts, undefined);

/** The events of a decision can be passed to `given` again. */
export const again = given(stock).and(...taking.events);

// ── What does not compile ──

// @ts-expect-error the event is misspelled
given(stock, { type: 'Recieved', data: { count: 5 } });

// @ts-expect-error the event is another stream's
given(cart, received);

// @ts-expect-error the field of the event is misspelled
given(stock, { type: 'Received', data: { cuont: 5 } });

// @ts-expect-error the event is misspelled
given(stock).and({ type: 'Recieved', data: { count: 5 } });

// @ts-expect-error the event is misspelled
given(cart).concurrently([{ type: 'Aded', data: {} }]);

// @ts-expect-error the command is misspelled
given(stock).when('tke', { count: 1 });

// @ts-expect-error the field of the input is misspelled
given(stock).when('take', { cuont: 1 });

// @ts-expect-error the input is of another type
given(stock).when('take', { count: '1' });

// @ts-expect-error the input is missing
given(stock).when('take');

// @ts-expect-error the event is misspelled
taking.then({ type: 'Tken', data: { count: 1 } });

// @ts-expect-error the field of the event is misspelled
taking.then({ type: 'Taken', data: { cuont: 1 } });

// @ts-expect-error nothing is expected
taking.then();

// @ts-expect-error an event is expected, and a refusal too
taking.then({ type: 'Taken', data: { count: 1 } }, rejected());

// @ts-expect-error the state is of another type
given(stock).hasState({ left: 5 });

// @ts-expect-error the field of the state is misspelled
given(cart).hasState({ lnes: {} });

// @ts-expect-error the field of the row is misspelled
given(cart).hasRow(carts, { id: 'c-1', artcles: [] });

// @ts-expect-error the field of the totals is misspelled
given(stock).hasTotals(left, { eu: { peaces: 3 } });

// @ts-expect-error the view has totals
given(stock).hasRow(left, { articles: 1 });

// @ts-expect-error the view has rows
given(cart).hasTotals(carts, {});

// @ts-expect-error the view is another stream's
given(stock).hasRow(carts, undefined);
