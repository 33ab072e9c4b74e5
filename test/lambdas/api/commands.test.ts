import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, submitHere } from '../../../core/index.ts';
import { STOCK } from '../../../testing/toy.ts';
import { anApi, eastStock, noted, versionOf, westStock } from './an-api.ts';

const once = '/streams/note/n/commands/once';
const take = `/streams/${eastStock}/commands/take`;

describe('POST /streams/{type}/{id}/commands/{name}', () => {
  it("appends the command's events, and returns its id, position and version (also as ETag)", async () => {
    const api = anApi();

    const answer = await api.post(take, { body: JSON.stringify('me') });

    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', etag: `"${versionOf(answer)}"` },
    });
    expect(answer.body).toEqual({
      id: 'id-1',
      stream: eastStock,
      version: expect.any(String),
      log: 'us-east-1',
      position: 1,
    });
  });

  it('returns the version and no position if nothing changes', async () => {
    const api = anApi();
    const first = await api.post(once, { body: { text: 'a' } });

    const second = await api.post(once, { body: { text: 'a' } });

    expect(second.body).toEqual({ id: 'id-2', stream: 'note/n', version: versionOf(first) });
  });

  it('runs once under one Idempotency-Key, and returns 409 for another input under it', async () => {
    const api = anApi();
    const headers = { 'idempotency-key': 'mine' };

    const first = await api.post(take, { headers, body: JSON.stringify('me') });
    const again = await api.post(take, { headers, body: JSON.stringify('me') });
    const other = await api.problem('POST', take, { headers, body: JSON.stringify('you') });

    expect(first.body).toMatchObject({ id: 'mine', position: 1 });
    expect(again).toEqual(first);
    expect(other).toMatchObject({ status: 409, code: 'id-reused', log: 'us-east-1', position: 1 });
    expect(await api.ports.events.load(eastStock)).toHaveLength(1);
  });

  it.each(['', 'with blank', 'ä', 'x'.repeat(201)])('refuses the Idempotency-Key "%s"', async (key) => {
    const problem = await anApi().problem('POST', take, {
      headers: { 'idempotency-key': key },
      body: JSON.stringify('me'),
    });
    expect(problem).toMatchObject({ status: 400, code: 'validation', faults: [{ path: 'Idempotency-Key' }] });
  });

  it.each([
    ['as it is', (token: string) => token],
    ['quoted', (token: string) => `"${token}"`],
    ['weak', (token: string) => `W/"${token}"`],
    ['between blanks', (token: string) => ` "${token}" `],
  ])('accepts the version in If-Match %s', async (_how, written) => {
    const api = anApi();
    const old = versionOf(await api.post(take, { body: JSON.stringify('a') }));
    const now = versionOf(await api.post(take, { body: JSON.stringify('b') }));

    const matches = await api.post(take, { headers: { 'if-match': written(now) }, body: JSON.stringify('c') });
    const conflict = await api.problem('POST', take, {
      headers: { 'if-match': written(old) },
      body: JSON.stringify('d'),
    });

    expect(matches.status).toBe(200);
    expect(conflict).toMatchObject({
      status: 409,
      code: 'version-conflict',
      expected: old,
      actual: versionOf(matches),
    });
  });

  it('treats If-Match on a merge stream as the version that the command is based on', async () => {
    const api = anApi();
    const old = versionOf(await api.post(once, { body: noted(1).data }));
    await api.post(once, { body: noted(2).data });

    // At the old version, the first text is already noted, and the second one is not.
    const same = await api.post(once, { headers: { 'if-match': `"${old}"` }, body: noted(1).data });
    const changed = await api.post(once, { headers: { 'if-match': `"${old}"` }, body: noted(2).data });

    expect(same.body).not.toHaveProperty('position');
    expect(changed.body).toMatchObject({ position: 3 });
    const commits = await api.ports.events.load('note/n');
    expect(commits.map(({ context }) => context)).toEqual([{}, { 'us-east-1': 1 }, { 'us-east-1': 1 }]);
  });

  it('refuses a version of another stream, and an invalid one', async () => {
    const api = anApi();
    const other = versionOf(await api.post(once, { body: noted().data }));
    for (const token of [other, '*', '"x"', ''])
      expect(
        await api.problem('POST', take, { headers: { 'if-match': token }, body: JSON.stringify('me') }),
      ).toMatchObject({
        status: 400,
        code: 'validation',
        faults: [{ path: 'If-Match' }],
      });
  });

  it('waits for a version that this Region has not seen yet, then returns 425 with the version it has seen', async () => {
    const api = anApi();
    const elsewhere = anApi({ region: 'us-west-2', log: 'us-west-2' });
    const ahead = versionOf(await elsewhere.post(once, { body: noted().data }));
    const begin = api.runtime.now();

    const problem = await api.problem('POST', once, { headers: { 'if-match': ahead }, body: noted(2).data });

    expect(problem).toMatchObject({ status: 425, code: 'not-caught-up', wanted: ahead, retryable: true });
    expect(problem).toHaveProperty('seen');
    expect(api.runtime.now() - begin).toBeGreaterThan(500);
    expect(api.runtime.now() - begin).toBeLessThanOrEqual(2000);
  });

  it('names the path of every fault of the input', async () => {
    const problem = await anApi().problem('POST', '/streams/note/n/commands/after', { body: { text: 5 } });
    expect(problem).toMatchObject({
      status: 400,
      faults: [{ path: 'input.text' }, { path: 'input.after' }],
    });
  });

  it('returns 404 for an unknown command and an unknown type, with the known ones', async () => {
    const api = anApi();
    for (const name of ['fly', 'toString', '__proto__'])
      expect(await api.problem('POST', `/streams/note/n/commands/${name}`, { body: {} })).toMatchObject({
        status: 404,
        code: 'unknown-command',
        known: ['note', 'once', 'after'],
      });
    expect(await api.problem('POST', '/streams/boat/1/commands/sail', { body: {} })).toMatchObject({
      status: 404,
      code: 'unknown-stream-type',
    });
  });

  it("returns the domain’s own refusal as 422, with the domain's details", async () => {
    const api = anApi();
    for (let i = 0; i < STOCK; i++) await api.post(take, { body: JSON.stringify(`${i}`) });

    expect(await api.problem('POST', take, { body: JSON.stringify('d') })).toMatchObject({
      status: 422,
      code: 'rejected',
      stock: STOCK,
      retryable: false,
    });
    expect(await api.problem('POST', '/streams/stock/none/commands/take', { body: JSON.stringify('d') })).toMatchObject(
      {
        status: 422,
        code: 'rejected',
      },
    );
  });

  it('calls the home Region, which makes the same append as for a request to its own API', async () => {
    const home = anApi({ region: 'us-west-2', log: 'us-west-2' });
    const asked: string[] = [];
    const api = anApi({
      remote: {
        invoke: async (region, request) => {
          asked.push(region);
          return JSON.parse(JSON.stringify(await submitHere(home.ports, JSON.parse(JSON.stringify(request)))));
        },
      },
    });
    const path = `/streams/${westStock}/commands/take`;
    const headers = { 'idempotency-key': 'mine' };

    const answer = await api.post(path, { headers, body: JSON.stringify('me') });
    const atHome = await home.post(path, { headers, body: JSON.stringify('me') });
    const conflict = await api.problem('POST', path, { headers, body: JSON.stringify('you') });

    expect(answer.status).toBe(200);
    expect(atHome).toEqual(answer);
    expect(conflict).toMatchObject({ status: 409, code: 'id-reused' });
    expect(asked).toEqual(['us-west-2', 'us-west-2']);
    expect(await home.ports.events.load(westStock)).toHaveLength(1);
    expect(await api.ports.events.load(westStock)).toEqual([]);
  });

  it('runs a command without input and events without data, at home and through the home Region', async () => {
    const lamp = defineStream({
      type: 'lamp',
      mode: 'home',
      home: (id) => id,
      events: { Lit: { schemaVersion: 1, schema: z.undefined() } },
      initial: 0,
      evolve: (count) => count + 1,
      commands: { light: { input: z.undefined(), decide: () => [{ type: 'Lit', data: undefined }] } },
    });
    const domain = defineDomain({ streams: [lamp], views: [] });
    const home = anApi({ domain, region: 'us-west-2', log: 'us-west-2' });
    const api = anApi({
      domain,
      remote: { invoke: async (_region, request) => submitHere(home.ports, JSON.parse(JSON.stringify(request))) },
    });

    const light = '/streams/lamp/us-west-2/commands/light';
    expect(await home.post(light, { headers: { 'idempotency-key': 'a' } })).toMatchObject({ status: 200 });
    expect(await api.post(light, { headers: { 'idempotency-key': 'b' } })).toMatchObject({ status: 200 });
    const body = { id: 'c', stream: 'lamp/us-west-2', events: [{ type: 'Lit' }] };
    expect(await api.post('/events', { body })).toMatchObject({ status: 200, body: { position: 3 } });
    expect(await home.get('/streams/lamp/us-west-2')).toMatchObject({ body: { state: 3 } });
  });
});
