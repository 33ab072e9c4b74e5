import { validate } from '@readme/openapi-parser';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, defineView } from '../../core/index.ts';
import { componentName, openApi } from '../../schemas/openapi.ts';
import { errorCodes } from '../../schemas/problems.ts';
import { toyDomain } from '../../testing/toy.ts';
import { functionUrlEvent } from '../../world/network/function-url-event.ts';
import { World } from '../../world/world.ts';
import { anApi } from '../lambdas/api/an-api.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

const operationSchema = z.looseObject({
  operationId: z.string(),
  requestBody: z.looseObject({ required: z.boolean() }).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const documentSchema = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operationSchema)) });

/** The document as JSON, without values that JSON cannot express. */
function documentOf(domain: Parameters<typeof openApi>[0]) {
  return documentSchema.parse(JSON.parse(JSON.stringify(openApi(domain))));
}

/**
 * The document with unknown members refused in every object that does not mention `additionalProperties`, so that
 * undocumented members are found.
 */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, closed(member)]));
  const isOpen = 'properties' in value && !('additionalProperties' in value);
  return isOpen ? { ...members, additionalProperties: false } : members;
}

function isDocument(value: object): value is Exclude<Parameters<typeof validate>[0], string> {
  return 'openapi' in value;
}

/** Whether the document is valid OpenAPI 3.1, according to an independent validator. */
async function isValid(document: object): Promise<boolean> {
  const copy = structuredClone(document);
  return isDocument(copy) && (await validate(copy)).valid;
}

function pointer(...parts: readonly string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
}

const refSchema = z.object({ $ref: z.string() });

/** The parts of a document of a domain's API. */
function described(domain: Parameters<typeof openApi>[0]) {
  const document = documentOf(domain);
  const ajv = formats.default(new Ajv2020({ strict: false, validateSchema: false }));
  ajv.addSchema(z.record(z.string(), z.unknown()).parse(closed(document)), 'api');
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
  );
  const operationOf = (id: string) =>
    operations.find(({ operationId }) => operationId === id) ?? expect.fail(`there is no operation ${id}`);
  /** The faults of a value at a schema of the document. */
  const faultsAt = (at: string, value: unknown) => {
    const check = ajv.compile({ $ref: `api#${at}` });
    return check(value) ? [] : (check.errors ?? []);
  };
  return {
    document,
    operations,
    requestFaults(id: string, body: unknown) {
      const { path, method } = operationOf(id);
      return faultsAt(pointer('paths', path, method, 'requestBody', 'content', 'application/json', 'schema'), body);
    },
    answerFaults(id: string, { status, type, body }: { status: number; type: string; body: unknown }) {
      const { path, method, responses } = operationOf(id);
      const response = responses[status] ?? expect.fail(`${id} is not documented to return ${status}`);
      const referred = refSchema.safeParse(response).data?.$ref.slice(1);
      const at = referred ?? pointer('paths', path, method, 'responses', String(status));
      return faultsAt(`${at}${pointer('content', type, 'schema')}`, body);
    },
  };
}

interface Sent {
  /** The parameters of the path. */
  readonly at?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

const api = described(toyDomain);
const account = { id: 'us-east-1.ann' };
const stock = { id: '0' };

/** A request for every operation, in an order in which all of them succeed. */
const requests: Readonly<Record<string, Sent>> = {
  append: {
    body: [
      { id: 'a1', stream: 'note/a', events: [{ type: 'Noted', data: { text: 'red' } }] },
      {
        id: 'a2',
        stream: 'account/us-east-1.ann',
        events: [{ type: 'Deposited', schemaVersion: 1, data: { sum: 7 } }],
      },
      { id: 'a3', stream: 'note/a', command: 'note', input: { text: 'blue' }, meta: { actor: 'ann' } },
      { id: 'a4', stream: 'note/a', command: 'after', input: { text: 'green', after: 'nothing' } },
    ],
  },
  'command.note.note': { at: { id: 'a' }, headers: { 'Idempotency-Key': 'n1' }, body: { text: 'green' } },
  'command.note.once': { at: { id: 'a' }, body: { text: 'green' } },
  'command.note.after': { at: { id: 'a' }, body: { text: 'grey', after: 'red' } },
  'state.note': { at: { id: 'a' } },
  'commits.note': { at: { id: 'a' }, query: 'limit=2' },
  'conflicts.note': { at: { id: 'a' }, query: 'open=false' },
  'command.account.deposit': { at: account, body: { amount: 50 } },
  'command.account.withdraw': { at: account, body: { amount: 5 } },
  'state.account': { at: account },
  'commits.account': { at: account },
  'conflicts.account': { at: account },
  'command.stock.take': { at: stock, body: 'ann' },
  'command.stock.release': { at: stock, body: 'bob' },
  'state.stock': { at: stock },
  'commits.stock': { at: stock },
  'conflicts.stock': { at: stock },
  conflicts: { query: 'type=note&open=false' },
  transact: {
    body: {
      id: 'us-east-1:t1',
      participants: [
        { stream: 'stock/0', command: 'take', input: 'bob' },
        { stream: 'account/us-east-1.ann', events: [{ type: 'Withdrawn', data: { amount: 1 } }] },
      ],
      timeoutSeconds: 20,
    },
  },
  transaction: { at: { id: 'us-east-1:t1' } },
  'rows.notes': { query: 'limit=1' },
  'row.notes': { at: { key: 'a' } },
  'rows.words': {},
  'row.words': { at: { key: 'red' } },
  'rows.taken': {},
  'row.taken': { at: { key: '0' } },
  'rows.money': {},
  'row.money': { at: { key: 'us-east-1' } },
  health: {},
  live: {},
};

function aWorld() {
  const world = new World({ domain: toyDomain, regions, latency: false });
  const region = world.region('us-east-1');
  const call = async (method: string, path: string, { query, headers, body }: Sent = {}) => {
    const answer = await region.request(
      functionUrlEvent({
        method,
        path,
        ...(query !== undefined && { query }),
        ...(headers && { headers }),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    const type = answer.headers['content-type'] ?? '';
    const content: unknown = JSON.parse(answer.body);
    return { status: answer.statusCode, type, body: content };
  };
  const send = (id: string, sent: Sent) => {
    const { path, method } = api.operations.find((each) => each.operationId === id) ?? expect.fail(id);
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(sent.at?.[name] ?? ''));
    return call(method.toUpperCase(), filled, sent);
  };
  return { world, call, send };
}

describe('the OpenAPI document', () => {
  it.each([
    ['of the toy', toyDomain],
    ['without streams', defineDomain({ streams: [], views: [] })],
  ])('%s is valid OpenAPI 3.1', async (_what, domain) => {
    const document = documentOf(domain);
    expect(await isValid(document)).toBe(true);
    expect(await isValid({ ...document, info: {} })).toBe(false);
  });

  it('describes every route of the API, and nothing else', async () => {
    const { body } = await aWorld().call('GET', '/nothing');
    const { routes } = z.object({ routes: z.array(z.string()) }).parse(body);
    const matches = (route: string, { method, path }: (typeof api.operations)[number]) => {
      const [of = '', pathname = ''] = route.split(' ');
      return (
        of === method.toUpperCase() && new URLPattern({ pathname }).test({ pathname: path.replaceAll(/[{}]/g, '') })
      );
    };
    for (const route of routes)
      expect(
        api.operations.filter((operation) => matches(route, operation)),
        route,
      ).not.toEqual([]);
    for (const operation of api.operations)
      expect(
        routes.filter((route) => matches(route, operation)),
        operation.path,
      ).toHaveLength(1);
  });

  it('has a problem for every code', () => {
    expect(api.document).toMatchObject({
      components: { schemas: Object.fromEntries(errorCodes.map((code) => [`Problem.${code}`, expect.anything()])) },
    });
  });
});

describe('the responses of the API', () => {
  const { world, call, send } = aWorld();
  const answers = new Map<string, Awaited<ReturnType<typeof call>>>();

  beforeAll(async () => {
    for (const [id, sent] of Object.entries(requests)) {
      answers.set(id, await send(id, sent));
      await world.whenIdle();
    }
  });

  it('cover every operation', () => {
    expect([...answers.keys()].sort()).toEqual(api.operations.map(({ operationId }) => operationId).sort());
  });

  it.each(Object.keys(requests))('are as documented, as are the requests: %s', (id) => {
    const answer = answers.get(id) ?? expect.fail();
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    expect(api.answerFaults(id, answer)).toEqual([]);
    expect(api.answerFaults(id, { ...answer, body: { unheard: 'of' } })).not.toEqual([]);
    const { body } = requests[id] ?? {};
    if (body !== undefined) expect(api.requestFaults(id, body)).toEqual([]);
  });

  it('have the rows of a page, and the start of the next one if the page is full', async () => {
    expect(answers.get('rows.taken')?.body).toMatchObject({ rows: [{ key: '0', value: { taken: 2 } }] });
    expect(answers.get('commits.note')?.body).toMatchObject({ next: expect.any(String) });
  });

  it.each([
    ['append', {}, 400, 'validation'],
    ['append', { body: { stream: 'boat/1', events: [{ type: 'Sunk' }] } }, 404, 'unknown-stream-type'],
    ['append', { body: { stream: 'note/1', events: [{ type: 'Sunk' }] } }, 404, 'unknown-event'],
    ['append', { body: { stream: 'note/1', command: 'sink' } }, 404, 'unknown-command'],
    [
      'command.note.note',
      { at: { id: 'a' }, headers: { 'Idempotency-Key': 'n1' }, body: { text: 'x' } },
      409,
      'id-reused',
    ],
    ['command.note.after', { at: { id: 'b' }, body: { text: 'x', after: 'y' } }, 422, 'rejected'],
    ['command.account.deposit', { at: { id: 'mars.ann' }, body: { amount: 1 } }, 422, 'rejected'],
    ['rows.notes', { query: 'limit=0' }, 400, 'validation'],
    ['row.notes', { at: { key: 'nothing' } }, 404, 'not-found'],
    ['transaction', { at: { id: 'us-east-1:never' } }, 404, 'not-found'],
    ['transact', { body: { participants: [{ stream: 'stock/0', command: 'sink' }] } }, 400, 'validation'],
    [
      'transact',
      { body: { participants: [{ stream: 'account/us-east-1.bob', command: 'withdraw', input: { amount: 1 } }] } },
      409,
      'aborted',
    ],
  ] as const)('are documented problems if %s %j is refused', async (id, sent, status, code) => {
    const answer = await send(id, sent);
    expect(answer).toMatchObject({ status, type: 'application/problem+json', body: { code } });
    expect(api.answerFaults(id, answer)).toEqual([]);
    expect(
      api.answerFaults(id, { ...answer, body: { ...z.looseObject({}).parse(answer.body), code: 'other' } }),
    ).not.toEqual([]);
  });

  it('are documented if a version is not reached, or is not the expected one', async () => {
    const first = await send('command.stock.take', { at: { id: '3' }, body: 'ann' });
    const { version } = z.object({ version: z.string() }).parse(first.body);
    await send('command.stock.take', { at: { id: '3' }, body: 'bob' });
    const conflict = await send('command.stock.take', {
      at: { id: '3' },
      headers: { 'If-Match': version },
      body: 'eve',
    });
    expect(conflict.body).toMatchObject({ code: 'version-conflict' });
    const earlier = await send('state.stock', { at: { id: '3' }, query: `at=${version}` });
    expect(earlier.body).toMatchObject({ state: ['ann'], at: version });
    expect(api.answerFaults('state.stock', earlier)).toEqual([]);
    expect(api.answerFaults('command.stock.take', conflict)).toEqual([]);

    // Another, empty Region, with its own clock.
    const { status, headers, body } = await anApi({ region: 'us-west-2', log: 'us-west-2' }).get('/streams/stock/3', {
      headers: { 'If-At-Least': version },
    });
    const behind = { status, type: headers['content-type'] ?? '', body };
    expect(behind.body).toMatchObject({ code: 'not-caught-up' });
    expect(api.answerFaults('state.stock', behind)).toEqual([]);
    for (const [id, key] of [
      ['rows.taken', ''],
      ['row.taken', '3'],
    ] as const) {
      const headers = { 'If-At-Least': version, Prefer: 'wait=0' };
      const view = await anApi().get(`/views/taken/${key}`.replace(/\/$/, ''), { headers });
      const refused = { status: view.status, type: view.headers['content-type'] ?? '', body: view.body };
      expect(refused.body).toMatchObject({ code: 'not-caught-up' });
      expect(api.answerFaults(id, refused)).toEqual([]);
    }
  });

  it('are documented if a transaction is undecided when the wait is over', async () => {
    const participants = [
      { stream: 'stock/4', command: 'take', input: 'ann' },
      { stream: 'stock/5', command: 'take', input: 'ann' },
    ];
    const answer = await send('transact', {
      headers: { Prefer: 'wait=0' },
      body: { id: 'us-east-1:t2', participants },
    });
    expect(answer.status).toBe(202);
    expect(api.answerFaults('transact', answer)).toEqual([]);
    await world.whenIdle();
  });
});

describe('the requests of the API', () => {
  it.each([
    ['append', { stream: 'note/a', events: [] }],
    ['append', { stream: 'note/a', events: [{ type: 'Noted', data: { text: 1 } }] }],
    ['append', { stream: 'stock/0', basedOn: 'x', events: [{ type: 'Taken', data: { by: 'ann' } }] }],
    ['append', { stream: 'note/a', command: 'take', input: 'ann' }],
    ['command.account.deposit', { amount: -1 }],
    ['transact', { participants: [{ stream: 'note/a', command: 'note', input: { text: 'red' } }] }],
    ['transact', { id: 'no Region', participants: [{ stream: 'stock/0', command: 'take', input: 'ann' }] }],
    ['transact', { participants: [{ stream: 'stock/0', command: 'take', input: 'ann' }], timeoutSeconds: 241 }],
  ])('are refused by the document if the API refuses them: %s %j', async (id, body) => {
    expect(api.requestFaults(id, body)).not.toEqual([]);
    const { status } = await aWorld().send(id, { at: { id: 'us-east-1.ann' }, body });
    expect(status).toBeGreaterThanOrEqual(400);
  });
});

describe('a domain in the document', () => {
  interface Tree {
    readonly name: string;
    readonly children: readonly Tree[];
  }
  const treeSchema: z.ZodType<Tree> = z.object({
    name: z.string(),
    get children() {
      return z.array(treeSchema);
    },
  });
  const tree = defineStream({
    type: 'tree',
    mode: 'merge',
    events: { 'Grown.taller': { schemaVersion: 1, schema: z.strictObject({ tree: treeSchema }) } },
    initial: 0,
    evolve: (count) => count + 1,
    commands: {
      grow: { input: treeSchema, decide: () => [] },
      'cut.back': { input: z.undefined(), decide: () => [] },
    },
  });
  const counts = defineView({ name: 'counts', kind: 'totals', of: tree, totals: () => ({}) });
  const domain = defineDomain({ streams: [tree], views: [counts] });

  it('may have recursive schemas, names with dots, and commands without an input', async () => {
    const { document, requestFaults, operations } = described(domain);
    expect(await isValid(document)).toBe(true);
    const leaf = { name: 'leaf', children: [] };
    expect(requestFaults('command.tree.grow', { name: 'root', children: [leaf] })).toEqual([]);
    expect(requestFaults('command.tree.grow', { name: 'root', children: [{ name: 1 }] })).not.toEqual([]);
    const required = Object.fromEntries(
      operations.map(({ operationId, requestBody }) => [operationId, requestBody?.required]),
    );
    expect(required).toMatchObject({ 'command.tree.grow': true, 'command.tree.cut.back': false });
    expect(Object.keys(document.paths)).toContain('/streams/tree/{id}/commands/cut.back');
  });

  it('has a component for each command, even if names differ only in characters that OpenAPI does not allow', async () => {
    const named = (input: z.ZodType) => ({ input, decide: () => [] });
    const commands = { 'cut back': named(z.int()), cut_back: named(z.string()), 'cut/back': named(z.boolean()) };
    const { document, requestFaults } = described(defineDomain({ streams: [{ ...tree, commands }], views: [] }));
    expect(await isValid(document)).toBe(true);
    for (const [name, input] of Object.entries({ 'cut back': 1, cut_back: 'x', 'cut/back': true }))
      for (const command of Object.keys(commands))
        expect(requestFaults(`command.tree.${command}`, input).length === 0).toBe(command === name);
  });

  it('has allowed component names: the name itself if it is allowed, and different ones for different names', () => {
    const decoded = (name: string) =>
      name.replaceAll(/_x([0-9a-f]+)_/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)));
    const names = fc
      .array(fc.constantFrom('_', 'x', '2', '0', ' ', 'ß', '😀', '.', '-', '/'))
      .map((all) => all.join(''));
    fc.assert(
      fc.property(names, (name) => {
        expect(componentName(name)).toMatch(/^[A-Za-z0-9._-]*$/);
        expect(decoded(componentName(name))).toBe(name);
      }),
      { numRuns: 10_000, seed: 7 },
    );
    expect(componentName('Command.cart.mark_ordered')).toBe('Command.cart.mark_ordered');
  });

  it('has no transactions without a stream that can take part', () => {
    expect(Object.keys(documentOf(domain).paths).filter((path) => path.startsWith('/transactions'))).toEqual([]);
  });

  it('describes sums as integers, unless the view presents them differently', () => {
    const presented = defineView({
      name: 'shown',
      kind: 'totals',
      of: tree,
      totals: () => ({}),
      present: () => 'many',
    });
    const { answerFaults } = described(defineDomain({ streams: [tree], views: [counts, presented] }));
    const row = (view: string, value: unknown) =>
      answerFaults(`row.${view}`, {
        status: 200,
        type: 'application/json',
        body: { view, region: 'here', key: 'a', value },
      });
    expect(row('counts', { trees: 1 })).toEqual([]);
    expect(row('counts', 'many')).not.toEqual([]);
    expect(row('shown', 'many')).toEqual([]);
  });
});
