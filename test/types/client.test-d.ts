import { type Client, client, isClientError, Session } from '@meridian-es/meridian/client';
import { expectTypeOf } from 'vitest';
import type { Cart, shop } from './a-shop.ts';

// Compiled, not run. `@ts-expect-error` expects an error in the next line, and is an error itself if there is none.

const endpoints = { 'eu-west-1': 'https://eu.example/', 'us-east-1': new URL('https://us.example/') };
const ours = client<typeof shop>({ endpoints, region: 'eu-west-1' });
const stock = ours.stream('stock', 'eu.lamp');
const cart = ours.stream('cart', 'c-1');

// ── What is inferred, and what compiles ──

expectTypeOf(ours).toEqualTypeOf<Client<typeof shop>>();
expectTypeOf(ours.withSession(new Session())).toEqualTypeOf<Client<typeof shop>>();
client<typeof shop>({
  endpoints: async (region) => `https://${region}.example/`,
  region: 'eu-west-1',
  regions: ['us-east-1'],
});
client<typeof shop>({
  endpoints,
  region: 'eu-west-1',
  fetch,
  credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
});
client<typeof shop>({
  endpoints,
  region: 'eu-west-1',
  credentials: async () => ({
    accessKeyId: 'id',
    secretAccessKey: 'key',
    sessionToken: 'token',
    expiration: new Date(),
  }),
});

export async function whatCompiles(): Promise<void> {
  await stock.command('take', { count: 2 });
  // Members with a default, and optional members, may be omitted.
  const { id, version, position } = await stock.command('take', { count: 2, by: 'me' }, { id: 'a', expected: 'v' });
  expectTypeOf({ id, version, position }).toEqualTypeOf<{
    id: string;
    version: string;
    position: number | undefined;
  }>();
  await stock.command('close');
  await stock.command('close', undefined, { meta: { actor: 'me' } });
  await cart.command('empty', {}, { basedOn: 'v' });
  await stock.append({ type: 'Received', data: { count: 1 } });
  await cart.append(
    [
      { type: 'Emptied', data: {} },
      { type: 'Added', data: { article: 'lamp', count: 1 } },
    ],
    { basedOn: 'v' },
  );

  expectTypeOf((await stock.read()).state).toEqualTypeOf<number>();
  expectTypeOf((await cart.read()).state).toEqualTypeOf<{ readonly lines: { readonly [article: string]: number } }>();
  expectTypeOf((await cart.read()).state).toExtend<Cart>();

  for await (const event of stock.follow({ after: 'v', signal: AbortSignal.timeout(1) })) {
    expectTypeOf(event.type).toEqualTypeOf<'Received' | 'Taken'>();
    if (event.type === 'Taken') expectTypeOf(event.data.by).toEqualTypeOf<string | undefined>();
    expectTypeOf(event.resumeAfter).toEqualTypeOf<string | undefined>();
  }

  expectTypeOf(await ours.view('carts').row('c-1')).toEqualTypeOf<{ id: string; articles: string[] }>();
  expectTypeOf(await ours.view('left').row('eu')).toEqualTypeOf<{
    readonly articles?: number;
    readonly pieces?: number;
  }>();
  for await (const { key, value } of ours.view('average').rows())
    expectTypeOf({ key, value }).toEqualTypeOf<{ key: string; value: { average: number | null } }>();

  const { participants } = await ours.transact([
    { stream: `stock/${id}`, command: 'take', input: { count: 1 }, expected: version },
    { stream: 'stock/eu.lamp', command: 'close' },
    { stream: 'stock/eu.bulb', events: [{ type: 'Received', data: { count: 1 } }] },
    { stream: 'stock/eu.cord', expected: version },
  ]);
  expectTypeOf(participants).toExtend<readonly { stream: string; version: string }[]>();
}

export async function whatCompilesWithoutADomain(): Promise<void> {
  const any = client({ endpoints, region: 'eu-west-1' });
  expectTypeOf(any).toEqualTypeOf<Client>();
  const stream = any.stream('stock', 'eu.lamp');
  await stream.command('take', { count: 2 }, { expected: 'v' });
  await stream.command('close', undefined, { basedOn: 'v' });
  await stream.append([{ type: 'Received', data: { count: 1 } }]);
  expectTypeOf((await stream.read()).state).toEqualTypeOf<unknown>();
  for await (const { type, data } of stream.follow())
    expectTypeOf({ type, data }).toEqualTypeOf<{ type: string; data: unknown }>();
  expectTypeOf(await any.view('left').row('eu')).toEqualTypeOf<unknown>();
  await any.transact([
    { stream: 'stock/eu.lamp', command: 'take', input: { count: 1 }, expected: 'v' },
    { stream: 'stock/eu.bulb', events: [{ type: 'Received', data: { count: 1 } }] },
    { stream: 'stock/eu.cord', expected: 'v' },
  ]);
  const oursAsAny: Client = ours;
  await oursAsAny.health();
}

export function whatNarrows(error: unknown): void {
  if (isClientError(error, 'version-conflict')) expectTypeOf(error.details.actual).toEqualTypeOf<string | undefined>();
  if (isClientError(error, 'validation'))
    expectTypeOf(error.details.faults).toEqualTypeOf<{ path: string; message: string }[]>();
  if (isClientError(error, 'aborted')) expectTypeOf(error.details.reason?.code).toEqualTypeOf<string | undefined>();
  if (isClientError(error, 'unreachable')) expectTypeOf(error.code).toEqualTypeOf<'unreachable'>();
  if (isClientError(error)) expectTypeOf(error.maybeWritten).toEqualTypeOf<boolean>();
}

// ── What does not compile ──

// @ts-expect-error the stream type is misspelled
ours.stream('stok', 'eu.lamp');

// @ts-expect-error the command is misspelled
stock.command('tke', { count: 1 });

// @ts-expect-error the command is another stream's
stock.command('add', { article: 'lamp' });

// @ts-expect-error the field of the input is misspelled
stock.command('take', { cuont: 1 });

// @ts-expect-error the input is missing
stock.command('take');

// @ts-expect-error the input is of the wrong type
stock.command('take', { count: '1' });

// @ts-expect-error a home stream takes `expected`
stock.command('take', { count: 1 }, { basedOn: 'v' });

// @ts-expect-error a merge stream takes `basedOn`
cart.command('empty', {}, { expected: 'v' });

// @ts-expect-error the event is misspelled
stock.append({ type: 'Recieved', data: { count: 1 } });

// @ts-expect-error the field of the event is misspelled
stock.append({ type: 'Received', data: { cuont: 1 } });

// @ts-expect-error the event is another stream's
stock.append({ type: 'Emptied', data: {} });

// @ts-expect-error the field of the state is misspelled
cart.read().then(({ state }) => state.lnes);

// @ts-expect-error the view is misspelled
ours.view('lft');

const row = ours.view('left').row('eu');
// @ts-expect-error the field of the row is misspelled
row.then(({ pices }) => pices);

// @ts-expect-error the stream of a participant is misspelled
ours.transact([{ stream: 'stok/eu.lamp', command: 'take', input: { count: 1 } }]);

// @ts-expect-error the command of a participant is misspelled
ours.transact([{ stream: 'stock/eu.lamp', command: 'tke', input: { count: 1 } }]);

// @ts-expect-error the field of a participant's input is misspelled
ours.transact([{ stream: 'stock/eu.lamp', command: 'take', input: { cuont: 1 } }]);

// @ts-expect-error a merge stream cannot take part in a transaction
ours.transact([{ stream: 'cart/c-1', command: 'empty' }]);

export async function whatFollowingRefuses(): Promise<void> {
  for await (const { type, data } of stock.follow()) {
    // @ts-expect-error the event is misspelled
    if (type === 'Takn') continue;
    // @ts-expect-error the field of the event is misspelled
    if (type === 'Received') expectTypeOf(data.cuont);
  }
}

// @ts-expect-error the code is misspelled
isClientError(new Error('x'), 'version-conflit');

// @ts-expect-error a Region is missing
client<typeof shop>({ endpoints });
