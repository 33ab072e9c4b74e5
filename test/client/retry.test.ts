import { describe, expect, it } from 'vitest';
import { isClientError } from '../../client/error.ts';
import { BEGIN_MS, CLIENT_TRIES } from '../../core/limits/budgets.ts';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import { sharedOptions } from '../../lambdas/client-options.ts';
import { aDeployment, type Fate, regions } from './a-deployment.ts';

const [east1, east2, west2] = regions;

describe('a write whose response is lost', () => {
  it.each<Fate>(['unanswered', 'lost', 'down', 'late', 'silent'])(
    'is sent again under the same id, and happens once: %s',
    async (fate) => {
      const { client, next, sent, result, settle } = aDeployment();
      next(fate);
      const stock = client().stream('stock', '1');
      const written = await result(stock.command('take', 'ann'));
      await settle();
      expect(sent.map(({ region, body = '' }) => [region, JSON.parse(body).id])).toEqual([
        [east1, written.id],
        [east1, written.id],
      ]);
      expect(await result(stock.read())).toMatchObject({ state: ['ann'] });
    },
  );

  it('is found by its id after the process has died', async () => {
    const { client, next, result, failure } = aDeployment();
    next('unanswered');
    const died = await failure(
      client({ retry: { tries: 1 } })
        .stream('stock', '1')
        .command('take', 'ann', { id: 'order-1' }),
    );
    expect(died).toMatchObject({ code: 'broken', id: 'order-1', maybeWritten: true });

    const stock = client().stream('stock', '1');
    expect(await result(stock.command('take', 'ann', { id: 'order-1' }))).toMatchObject({ id: 'order-1', position: 1 });
    expect(await result(stock.read())).toMatchObject({ state: ['ann'] });
  });

  it('moves to another Region after one more try, and counts once even if both Regions have written it', async () => {
    const { client, fates, world, sent, result, settle } = aDeployment();
    world.cut(east1, east2);
    fates(({ region, method }) => (region === east1 && method === 'POST' ? 'unanswered' : undefined));
    const note = client().stream('note', 'a');
    await result(note.append({ type: 'Noted', data: { text: 'red' } }));
    expect(sent.map(({ region }) => region)).toEqual([east1, east1, east2]);
    await settle();

    for (const region of regions) {
      expect(await world.region(region).load('note/a')).toHaveLength(2);
      const { state } = await result(client({ region }).stream('note', 'a').read());
      expect(state).toMatchObject([{ text: 'red' }]);
    }
  });

  it('reports that it may have been written, with its id, after the last try', async () => {
    const { client, fates, sent, failure } = aDeployment();
    fates(() => 'unanswered');
    const error = await failure(client().stream('stock', '1').command('take', 'ann'));
    expect(error).toMatchObject({ code: 'broken', maybeWritten: true, id: 'made-1', retryable: true });
    expect(sent).toHaveLength(CLIENT_TRIES);
  });

  it('also reports that it may have been written if a later try is refused: the first may be in progress', async () => {
    const { client, next, failure } = aDeployment();
    next('late');
    expect(await failure(client().stream('account', `${east1}.ann`).command('withdraw', { amount: 1 }))).toMatchObject({
      code: 'rejected',
      maybeWritten: true,
    });
  });

  it('reports that it may have been written if the response cannot be read', async () => {
    const { client, next, sent, failure } = aDeployment();
    next('garbled');
    expect(await failure(client().stream('stock', '1').command('take', 'ann'))).toMatchObject({
      code: 'unexpected-answer',
      maybeWritten: true,
    });
    expect(sent).toHaveLength(1);
  });

  it('reports that it may have been written if the caller aborts the call after it was sent, not before', async () => {
    const { client, fates, scheduler, failure } = aDeployment();
    fates(() => 'silent');
    const stop = new AbortController();
    scheduler.after(100, () => stop.abort());
    const command = () => client().stream('stock', '1').command('take', 'ann', { signal: stop.signal });
    expect(await failure(command())).toMatchObject({ code: 'cancelled', maybeWritten: true, id: 'made-1' });
    expect(await failure(command())).toMatchObject({ code: 'cancelled', maybeWritten: false });
  });
});

describe('a Region whose table does not respond', () => {
  it('is left for the next one, and not tried first for half a minute, although its API responds', async () => {
    const { client, fates, sent, scheduler, result } = aDeployment();
    fates(({ region }) => (region === east1 ? 'unavailable' : undefined));
    const note = client().stream('note', 'a');
    await result(note.read());
    await result(note.append({ type: 'Noted', data: { text: 'red' } }));
    expect(sent.map(({ region }) => region)).toEqual([east1, east2, east2]);
    fates(() => undefined);
    await scheduler.run(30_000);
    expect(await result(note.read())).toMatchObject({ state: [{ text: 'red' }] });
    expect(sent.map(({ region }) => region).slice(3)).toEqual([east1]);
  });

  it('does not hide from a user in another Region what was written: the version is waited for, or asked of a third one', async () => {
    const { client, fates, world, scheduler, sent, result } = aDeployment();
    const shop = client();
    world.cut(east1, east2);
    await result(shop.stream('note', 'a').append({ type: 'Noted', data: { text: 'red' } }));
    await scheduler.run(5_000);
    fates(({ region }) => (region === east1 ? 'unavailable' : undefined));
    expect(await result(shop.stream('note', 'a').read())).toMatchObject({ state: [{ text: 'red' }] });
    expect(sent.map(({ region }) => region)).toEqual([east1, east1, east2, west2]);
  });
});

describe('the error of a call', () => {
  it('names every Region that was tried, each once, in their order', async () => {
    const { client, fates, failure } = aDeployment();
    fates(({ region }) => (region === east2 ? 'unreachable' : 'unavailable'));
    expect(await failure(client().stream('note', 'a').read())).toMatchObject({
      code: 'unavailable',
      tried: [east1, east2, west2],
    });
  });

  it('names one Region if that refused, and none if nothing was sent', async () => {
    const { client, failure } = aDeployment();
    const withdrawn = client().stream('account', `${east1}.ann`).command('withdraw', { amount: 1 });
    expect(await failure(withdrawn)).toMatchObject({ code: 'rejected', tried: [east1] });
    const stopped = client().stream('note', 'a').read({ signal: AbortSignal.abort() });
    expect(await failure(stopped)).toMatchObject({ code: 'cancelled', tried: [] });
  });
});

describe('a Region that hangs', () => {
  it('leaves a subscriber enough time to write in the next Region before its own timeout', async () => {
    const { client, fates, sent, scheduler, result } = aDeployment();
    fates(({ region }) => (region === east1 ? 'silent' : undefined));
    const begun = scheduler.now();
    await result(client(sharedOptions()).stream('stock', '1').command('take', 'ann'));
    expect(sent.map(({ region }) => region)).toEqual([east1, east1, east2]);
    expect(scheduler.now() - begun + BEGIN_MS).toBeLessThan(FUNCTIONS.subscriber.timeoutS * 1000);
  });
});

describe('a Region at which nothing listens', () => {
  it('is skipped immediately, even by a command, which any Region passes on to its home', async () => {
    const { client, fates, sent, scheduler, result } = aDeployment({ latency: false });
    fates(({ region }) => (region === east1 ? 'unreachable' : undefined));
    const begun = scheduler.now();
    const written = await result(client().stream('stock', '1').command('take', 'ann'));
    expect(written).toMatchObject({ log: east2, position: 1 });
    expect(sent.map(({ region }) => region)).toEqual([east1, east2]);
    expect(scheduler.now()).toBe(begun);
  });

  it('is not tried first for half a minute', async () => {
    const { client, fates, sent, scheduler, result } = aDeployment();
    fates(({ region }) => (region === east1 ? 'unreachable' : undefined));
    const note = client().stream('note', 'a');
    await result(note.read());
    await result(note.read());
    expect(sent.map(({ region }) => region)).toEqual([east1, east2, east2]);
    await scheduler.run(30_000);
    await result(note.read());
    expect(sent.map(({ region }) => region).slice(3)).toEqual([east1, east2]);
  });

  it('is not tried first by other clients that share the list of avoided Regions', async () => {
    const { client, fates, sent, result } = aDeployment();
    fates(({ region }) => (region === east1 ? 'unreachable' : undefined));
    const avoided = new Map<string, number>();
    for (let i = 0; i < 2; i++) await result(client({ avoided }).stream('note', 'a').read());
    await result(client().stream('note', 'a').read());
    expect(sent.map(({ region }) => region)).toEqual([east1, east2, east2, east1, east2]);
  });

  it('leads to an error without a pause if no Region listens, and nothing is written', async () => {
    const { client, fates, sent, scheduler, failure } = aDeployment();
    fates(() => 'unreachable');
    const begun = scheduler.now();
    expect(
      await failure(
        client()
          .stream('note', 'a')
          .append({ type: 'Noted', data: { text: 'red' } }),
      ),
    ).toMatchObject({
      code: 'unreachable',
      maybeWritten: false,
      region: west2,
    });
    expect(sent).toHaveLength(3);
    expect(scheduler.now()).toBe(begun);
  });

  it('is skipped like a Region whose address is unknown', async () => {
    const { client, sent, result, failure } = aDeployment();
    const endpoints = (region: string) => {
      if (region === east1) throw new Error('no such function');
      return `https://${region}/`;
    };
    expect(await result(client({ endpoints, regions }).health({ region: east2 }))).toMatchObject({ region: east2 });
    await result(client({ endpoints, regions }).stream('note', 'a').read());
    expect(sent.map(({ region }) => region)).toEqual([east2, east2]);
    expect(await failure(client({ endpoints }).health())).toMatchObject({
      code: 'no-endpoint',
      message: expect.stringContaining('no such function'),
    });
  });
});

it('a client with a function for the addresses, and without a list of Regions, asks no other Region', async () => {
  const { client, fates, sent, failure } = aDeployment();
  fates(() => 'unreachable');
  const endpoints = (region: string) => `https://${region}/`;
  expect(await failure(client({ endpoints }).stream('note', 'a').read())).toMatchObject({ code: 'unreachable' });
  expect(sent.map(({ region }) => region)).toEqual([east1]);
});

describe('a Region whose certificate is refused', () => {
  it.each([
    'CERT_HAS_EXPIRED',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ])('receives no request, so each Region is tried once, and the error names the certificate: %s', async (code) => {
    const { client, failure } = aDeployment();
    let asked = 0;
    const fetch = async () => {
      asked++;
      throw new TypeError('fetch failed', { cause: Object.assign(new Error('not valid'), { code }) });
    };
    expect(await failure(client({ fetch }).stream('stock', '1').command('take', 'ann'))).toMatchObject({
      code: 'unreachable',
      maybeWritten: false,
      message: `The certificate of https://${west2} is not accepted (${code}): not valid. Check the address, and the certificate of the server.`,
    });
    expect(asked).toBe(regions.length);
  });
});

describe('a Region that is not among the addresses', () => {
  it.each([
    ['region', { region: 'mars-1' }],
    ['one of regions', { regions: [east1, 'mars-1'] }],
  ])('is refused as %s when the client is created, and the error lists the known Regions', (_, given) => {
    const { client } = aDeployment();
    expect(() => client(given)).toThrow(
      expect.objectContaining({
        code: 'no-endpoint',
        region: 'mars-1',
        message: `The address of mars-1 is not known: \`endpoints\` has ${regions.join(', ')}. Add the Region there, or use one of these.`,
      }),
    );
    expect(() => client({ endpoints: {} })).toThrow('`endpoints` has no Region.');
  });

  it('is refused in the same words where a call names it', async () => {
    const { client, failure } = aDeployment();
    expect(await failure(client().health({ region: 'mars-1' }))).toMatchObject({
      code: 'no-endpoint',
      message: expect.stringContaining(`\`endpoints\` has ${regions.join(', ')}.`),
    });
  });
});

describe('a temporary failure', () => {
  it('is tried in every Region in turn, with pauses only before a Region is tried again', async () => {
    const { client, fates, sent, scheduler, failure } = aDeployment();
    fates(() => 'throttled');
    const begun = scheduler.now();
    expect(await failure(client().stream('note', 'a').read())).toMatchObject({
      code: 'broken',
      details: { status: 429 },
    });
    expect(sent.map(({ region }) => region)).toEqual([...regions, ...regions]);
    // Pauses of 200, 400 and 800 ms, at least half of each.
    expect(scheduler.now() - begun).toBeGreaterThanOrEqual(700);
    expect(scheduler.now() - begun).toBeLessThanOrEqual(1400);
  });

  it('reports that nothing was written if it was throttled', async () => {
    const { client, fates, failure } = aDeployment();
    fates(() => 'throttled');
    expect(await failure(client().stream('stock', '1').command('take', 'ann'))).toMatchObject({ maybeWritten: false });
  });

  it('is given up after as many tries as the caller sets', async () => {
    const { client, fates, sent, failure } = aDeployment();
    fates(() => 'down');
    await failure(
      client({ retry: { tries: 2 } })
        .stream('note', 'a')
        .read(),
    );
    expect(sent).toHaveLength(2);
  });
});

describe('a refusal', () => {
  it('is thrown at once, with the details of its code', async () => {
    const { client, sent, result, failure } = aDeployment();
    const ann = client().stream('account', `${east1}.ann`);
    const error = await failure(ann.command('withdraw', { amount: 1 }));
    expect(sent).toHaveLength(1);
    if (!isClientError(error, 'rejected')) throw error;
    expect(error).toMatchObject({ details: { balance: 0 }, maybeWritten: false, retryable: false, region: east1 });

    const { version: before } = await result(ann.read());
    await result(ann.command('deposit', { amount: 5 }));
    const conflict = await failure(ann.command('deposit', { amount: 5 }, { expected: before }));
    if (!isClientError(conflict, 'version-conflict')) throw conflict;
    expect(conflict.details.actual).toBe((await result(ann.read())).version);
  });

  it('names every fault', async () => {
    const { client, failure } = aDeployment();
    const error = await failure(client().stream('stock', 'no good').command('take', 'ann'));
    if (!isClientError(error, 'validation')) throw error;
    expect(error.details.faults).toMatchObject([{ path: 'stream' }]);
    expect(isClientError(error)).toBe(true);
    expect(isClientError(error, 'rejected')).toBe(false);
    expect(isClientError(new Error('other'))).toBe(false);
  });

  it('comes from the client itself for a key that a URL cannot express', async () => {
    const { client, sent, failure } = aDeployment();
    expect(await failure(client().view('notes').row('..'))).toMatchObject({ code: 'validation' });
    expect(sent).toEqual([]);
  });
});
