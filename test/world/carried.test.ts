import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, defineView, reject } from '../../core/index.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { aWorld } from './a-world.ts';

class Money {
  readonly cents = 5;
}

const anything = z.looseObject({});
const odd = {
  Date: new Date(0),
  Set: new Set(['a']),
  NaN: Number.NaN,
  bigint: 5n,
  undefined: [undefined],
  Money: new Money(),
  '-0': -0,
  '1e20': 1e20,
  U: '\uffff',
};
const oddSchema = z.strictObject({ of: z.enum(Object.keys(odd) as (keyof typeof odd)[]) });
/** What a schema makes of an event is not what was sent. */
const Odd = { schemaVersion: 1, schema: oddSchema.transform(({ of }) => ({ odd: odd[of] })), sample: { of: 'Date' } };
const Done = { schemaVersion: 1, schema: anything, sample: {} };

interface State {
  readonly n: number;
  readonly key: string;
}
const initial: State = { n: 0, key: 'none' };

function circle(): Readonly<Record<string, unknown>> {
  const details: Record<string, unknown> = { n: 1 };
  details.self = details;
  return details;
}

const spec = {
  events: { Odd, Done },
  initial,
  evolve: ({ n, key }: State, { data }: { readonly data: unknown }): State => ({
    n: n + 1,
    key: z.object({ code: z.int() }).safeParse(data).success ? '\ud83d' : key,
  }),
  commands: {
    ok: { input: anything, decide: () => [{ type: 'Done' as const, data: {} }] },
    odd: {
      input: oddSchema,
      decide: (_state: State, data: z.output<typeof oddSchema>) => [{ type: 'Odd' as const, data }],
    },
    weird: {
      input: anything,
      decide: () => {
        throw reject('Only 10 are left.', { left: 10n, at: 1 });
      },
    },
    circular: {
      input: anything,
      decide: () => {
        throw reject('It is \ud83d.', circle());
      },
    },
  },
};
const thing = defineStream({ type: 'thing', mode: 'merge', ...spec });
const item = defineStream({ type: 'item', mode: 'home', home: () => 'us-east-1', ...spec });
const counts = defineView({ name: 'counts', kind: 'totals', of: thing, totals: ({ key, n }) => ({ [key]: { n } }) });
const rows = defineView({ name: 'rows', kind: 'rows', of: item, row: ({ n }) => n });
const domain = defineDomain({ streams: [thing, item], views: [counts, rows] });
const places = ['us-east-1', 'us-west-2'].flatMap((region) => ['thing', 'item'].map((type) => ({ region, type })));

/** A world, and requests whose bodies are text: it can say more than a value. */
function aTextWorld() {
  const world = aWorld({ domain, telemetry: silentTelemetry });
  const post = async (region: string, path: string, body: string) => {
    const event = functionUrlEvent({ method: 'POST', path, body });
    const { statusCode, body: answer } = await world.scheduler.resolve(world.world.region(region).request(event));
    return { status: statusCode, ...z.looseObject({}).parse(JSON.parse(answer)) };
  };
  const append = (region: string, stream: string, data: string, type = 'Done') =>
    post(
      region,
      '/events',
      `{"id":"a","stream":"${stream}","events":[{"type":${JSON.stringify(type)},"data":${data}}]}`,
    );
  return { ...world, post, append };
}

const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const refusedAt = (path: unknown) => ({
  status: 400,
  code: 'validation',
  faults: expect.arrayContaining([{ path, message: expect.any(String) }]),
});

describe.each(places)('in $region, a stream of type $type', ({ region, type }) => {
  it.each(Object.keys(odd))('refuses an event whose schema returns %s, with its path, and stays usable', async (of) => {
    const { append, call, get, post, settle } = aTextWorld();
    const path = expect.stringMatching(/^events\[0\]\.data\.odd(\[0\])?$/);
    expect(await append(region, `${type}/1`, JSON.stringify({ of }), 'Odd')).toMatchObject(refusedAt(path));
    // What a command decides is the domain's fault. It is not written either.
    const decided = await post(region, `/streams/${type}/1/commands/odd`, JSON.stringify({ of }));
    expect(decided).toMatchObject({
      status: 500,
      code: 'internal',
      detail: expect.stringContaining('events[0].data.odd'),
    });
    expect(await call(region, 'POST', `/streams/${type}/1/commands/ok`, { body: {} })).toMatchObject({ status: 200 });
    await settle();
    expect(await get('us-west-2', `/streams/${type}/1`)).toMatchObject({ state: { n: 1 } });
  });

  it.each([
    ['{"n":1e20}', 'events[0].data.n'],
    ['{"n":[25000000000000000000]}', 'events[0].data.n[0]'],
    ['{"n":-9223372036854775808}', 'events[0].data.n'],
    ['{"n":1e400}', 'events[0].data.n'],
    ['{"text":"\\ud83d"}', 'events[0].data.text'],
    ['{"text":"\\ufffe"}', 'events[0].data.text'],
    ['{"text":"\\uffff"}', 'events[0].data.text'],
    ['{"a":{"\\uffff":1}}', 'events[0].data.a.\ufffd'],
    [`{"deep":${deep(500)}}`, expect.stringMatching(/^events\[0\]\.data\.deep(\[0\])+/)],
    [`{"deep":${deep(1_100)}}`, expect.stringMatching(/^events\[0\]\.data\.deep(\[0\])+/)],
    [`{"deep":${deep(6_000)}}`, expect.stringMatching(/^events\[0\]\.data\.deep(\[0\])+/)],
  ])('refuses data that cannot be carried, with its path: %.40s', async (data, path) => {
    const { append, post, get } = aTextWorld();
    expect(await append(region, `${type}/1`, data)).toMatchObject(refusedAt(path));
    const input = await post(region, `/streams/${type}/1/commands/ok`, data);
    const name =
      typeof path === 'string' ? path.replace('events[0].data', 'input') : expect.stringMatching(/^input\.deep/);
    expect(input).toMatchObject(refusedAt(name));
    expect(await get(region, `/streams/${type}/1/events`)).toMatchObject({ commits: [] });
  });

  it('carries the most that it accepts to every reader', async () => {
    const { append, get, heard, settle } = aTextWorld();
    const data = `{"deep":${deep(499)},"n":[9223372036854774784,-9223372036854774784],"text":"\u{1f600}\ufffd"}`;
    expect(await append(region, `${type}/1`, data)).toMatchObject({ status: 200 });
    await settle();
    for (const reader of ['us-east-1', 'us-west-2']) {
      const expected = { commits: [{ events: [{ data: JSON.parse(data) }] }] };
      expect(await get(reader, `/streams/${type}/1/events`)).toMatchObject(expected);
      expect([...heard(reader).keys()]).toEqual([expect.stringContaining(`${type}/1@`)]);
    }
  });

  it.each(['', 'x'.repeat(129), 'x'.repeat(200)])('refuses the event name "%s" with its path', async (name) => {
    const { append } = aTextWorld();
    expect(await append(region, `${type}/1`, '{}', name)).toMatchObject(refusedAt('events[0].type'));
  });

  it('refuses meta that cannot be carried', async () => {
    const { post } = aTextWorld();
    const envelope = `{"stream":"${type}/1","events":[{"type":"Done","data":{}}],"meta":{"actor":"a\\ud800"}}`;
    expect(await post(region, '/events', envelope)).toMatchObject(refusedAt('meta.actor'));
  });

  it.each(['weird', 'circular'])('rejects a command without the details that JSON cannot express: %s', async (name) => {
    const { post, call } = aTextWorld();
    const details = name === 'weird' ? { at: 1 } : { n: 1, detail: 'It is \ufffd.' };
    const rejected = { status: 422, code: 'rejected', ...details };
    const alone = await post(region, `/streams/${type}/1/commands/${name}`, '{}');
    expect(alone).toMatchObject(rejected);
    expect(alone).not.toHaveProperty('left');
    const many = [
      { id: 'a', stream: `${type}/1`, command: 'ok', input: {} },
      { id: 'b', stream: `${type}/2`, command: name, input: {} },
    ];
    const { status, body } = await call(region, 'POST', '/events', { body: many });
    expect([status, body]).toEqual([
      200,
      [
        expect.objectContaining({ id: 'a', version: expect.any(String) }),
        expect.objectContaining({ id: 'b', problem: expect.objectContaining(rejected) }),
      ],
    ]);
  });
});

describe('a transaction', () => {
  it.each([
    [{ events: [{ type: 'Odd', data: { of: 'Date' } }] }, 400, 'participants[0].events[0].data.odd'],
    [{ events: [{ type: 'Done', data: { n: 1e20 } }] }, 400, 'participants[0].events[0].data.n'],
    [{ events: [{ type: '', data: {} }] }, 400, 'participants[0].events[0].type'],
    [{ command: 'ok', input: { text: '\ud83d' } }, 400, 'participants[0].input.text'],
    [{ command: '', input: {} }, 400, 'participants[0].command'],
    [{ command: 'ok', input: JSON.parse(deep(501)) }, 400, expect.stringMatching(/^participants\[0\]\.input\[0\]/)],
  ])('is refused with the path of what cannot be carried: %#', async (part, status, path) => {
    const { call } = aTextWorld();
    for (const region of ['us-east-1', 'us-west-2']) {
      const answer = await call(region, 'POST', '/transactions', {
        body: { participants: [{ stream: 'item/1', ...part }] },
      });
      expect(answer).toMatchObject({ status, body: { faults: [{ path }] } });
    }
  });

  it('is refused if its body is nested too deeply anywhere', async () => {
    const { post } = aTextWorld();
    const answer = await post('us-east-1', '/transactions', `{"participants":${deep(6_000)}}`);
    expect(answer).toMatchObject(refusedAt(expect.stringMatching(/^participants\[0\]/)));
  });

  it.each(['us-east-1', 'us-west-2'])('driven from %s is aborted without what JSON cannot express', async (region) => {
    const { call, settle, get } = aTextWorld();
    const participants = [{ stream: 'item/1', command: 'weird', input: {} }];
    const { status, body } = await call(region, 'POST', '/transactions', { body: { id: `${region}:a`, participants } });
    expect(status).toBe(409);
    expect(body).toMatchObject({ reason: { code: 'rejected', at: 1 } });
    await settle();
    expect(await get('us-west-2', `/transactions/${region}:a`)).toMatchObject({ state: 'aborted' });
  });
});

describe('messages on the bus', () => {
  it.each(['weird', 'circular'])(
    'are each decided, next to one that is rejected with odd details: %s',
    async (command) => {
      const { put, settle, heard } = aTextWorld();
      for (let i = 0; i < 40; i++)
        await put('us-east-1', 'meridian.command', { id: `g${i}`, stream: `thing/${i}`, command: 'ok', input: {} });
      await put('us-east-1', 'meridian.command', { id: 'bad', stream: 'thing/x', command, input: {} });
      await settle();
      const outcomes = [...heard('us-east-1').keys()].filter((key) => /^(Accepted|Rejected)/.test(key));
      expect(outcomes.filter((key) => key.startsWith('Accepted'))).toHaveLength(40);
      expect(outcomes).toContain('Rejected bad');
    },
  );

  it('are rejected if they cannot be carried, and hold up nothing', async () => {
    const { world, settle, heard, get } = aTextWorld();
    const send = (id: string, data: string) =>
      world.region('us-west-2').bus.put([
        {
          source: 'test',
          detailType: 'meridian.append',
          detail: `{"id":"${id}","stream":"item/1","events":[{"type":"Done","data":${data}}]}`,
        },
      ]);
    await send('deep', deep(900));
    await send('big', '{"n":1e19}');
    await send('half', '{"text":"\\ud83d"}');
    await send('good', '{}');
    await settle();
    const outcomes = [...heard('us-west-2').keys()].filter((key) => /^(Accepted|Rejected)/.test(key));
    expect(outcomes.sort()).toEqual(['Accepted good', 'Rejected big', 'Rejected deep', 'Rejected half']);
    expect(await get('us-west-2', '/views/rows')).toMatchObject({ rows: [{ key: '1', value: 1 }] });
  });
});

describe('a message without a usable id', () => {
  it('is quarantined and listed, however deeply it is nested', async () => {
    const { world, scheduler, put, settle, heard } = aTextWorld();
    const region = world.region('us-east-1');
    const detail = `{"stream":"thing/1","events":${deep(50_000)}}`;
    await region.bus.put([{ source: 'test', detailType: 'meridian.append', detail }]);
    await put('us-east-1', 'meridian.command', { id: 'good', stream: 'thing/1', command: 'ok', input: {} });
    await settle();
    expect([...heard('us-east-1').keys()]).toContain('Accepted good');
    expect(await scheduler.resolve(region.operate('quarantine-list', {}))).toMatchObject({
      result: { messages: [{ reason: expect.stringContaining('no usable id'), stream: 'thing/1' }] },
    });
  });
});

describe('an event', () => {
  it('is refused with a path, or carried unchanged to every reader', async () => {
    const world = aTextWorld();
    const { append, settle, get } = world;
    const text = fc.string({
      unit: fc.constantFrom('a', '\u0000', '\ud83d', '\ude00', '\ufffd', '\ufffe', '\uffff', '"'),
    });
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(2 ** 53, 2 ** 63, -(2 ** 63), 1e20, -0));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        text,
        number,
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(text, tie('value')),
      ),
    }));
    let [count, accepted] = [0, 0];
    await fc.assert(
      fc.asyncProperty(value, fc.constantFrom(...places), async (value, { region, type }) => {
        const json = JSON.stringify({ value });
        const stream = `${type}/p${count++}`;
        const answer = await append(region, stream, json);
        if (answer.status !== 200) {
          expect(answer).toMatchObject(refusedAt(expect.stringMatching(/^events\[0\]\.data\.value/)));
          return;
        }
        accepted++;
        await settle();
        for (const reader of ['us-east-1', 'us-west-2'])
          expect(await get(reader, `/streams/${stream}/events`)).toMatchObject({
            commits: [{ events: [{ data: JSON.parse(json) }] }],
          });
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(50);
    expect(accepted).toBeLessThan(count);
  });
});

describe('a view that makes a key which cannot be stored', () => {
  it('fails for that stream only, and its pages end', async () => {
    const { append, settle, call, world, scheduler } = aTextWorld();
    for (const [stream, data] of [
      ['thing/1', '{}'],
      ['thing/2', '{"code":1}'],
      ['thing/3', '{}'],
    ] as const)
      expect(await append('us-east-1', stream, data)).toMatchObject({ status: 200 });
    await settle();
    const event = functionUrlEvent({ method: 'GET', path: '/views/counts', query: 'limit=1' });
    const { body } = await scheduler.resolve(world.region('us-east-1').request(event));
    expect(JSON.parse(body)).toEqual({ view: 'counts', region: 'us-east-1', rows: [{ key: 'none', value: { n: 2 } }] });
    expect(await call('us-east-1', 'GET', '/views/counts/%EF%BF%BF')).toMatchObject({ status: 404 });
  });
});
