import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream, submitHere } from '../../../core/index.ts';
import { anApi, departed, eastId, versionOf, westId } from './an-api.ts';

const depart = `/streams/flight/${westId}/commands/depart`;
const reserve = `/streams/seats/${eastId}/commands/reserve`;
function by(passenger: string) {
  return { passenger };
}

describe('POST /streams/{type}/{id}/commands/{name}', () => {
  it('appends what the command decides, and answers its id, version and place, the version as ETag too', async () => {
    const api = anApi();

    const answer = await api.post(reserve, { body: by('me') });

    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', etag: `"${versionOf(answer)}"` },
    });
    expect(answer.body).toEqual({
      id: 'id-1',
      stream: `seats/${eastId}`,
      version: expect.any(String),
      log: 'us-east-1',
      position: 1,
    });
  });

  it('answers the version and no place when nothing has to change', async () => {
    const api = anApi();
    const first = await api.post(reserve, { body: by('me') });

    const second = await api.post(reserve, { body: by('me') });

    expect(second.body).toEqual({ id: 'id-2', stream: `seats/${eastId}`, version: versionOf(first) });
  });

  it('runs once under one Idempotency-Key, and answers 409 to another input under it', async () => {
    const api = anApi();
    const headers = { 'idempotency-key': 'mine' };

    const first = await api.post(reserve, { headers, body: by('me') });
    const again = await api.post(reserve, { headers, body: by('me') });
    const other = await api.problem('POST', reserve, { headers, body: by('you') });

    expect(first.body).toMatchObject({ id: 'mine', position: 1 });
    expect(again).toEqual(first);
    expect(other).toMatchObject({ status: 409, code: 'id-reused', log: 'us-east-1', position: 1 });
    expect(await api.ports.events.load(`seats/${eastId}`)).toHaveLength(1);
  });

  it.each(['', 'with blank', 'ä', 'x'.repeat(201)])('refuses the Idempotency-Key "%s"', async (key) => {
    const problem = await anApi().problem('POST', reserve, { headers: { 'idempotency-key': key }, body: by('me') });
    expect(problem).toMatchObject({ status: 400, code: 'validation', faults: [{ path: 'Idempotency-Key' }] });
  });

  it.each([
    ['as it is', (token: string) => token],
    ['quoted', (token: string) => `"${token}"`],
    ['weak', (token: string) => `W/"${token}"`],
    ['between blanks', (token: string) => ` "${token}" `],
  ])('takes the version in If-Match %s', async (_how, written) => {
    const api = anApi();
    const old = versionOf(await api.post(reserve, { body: by('a') }));
    const now = versionOf(await api.post(reserve, { body: by('b') }));

    const matches = await api.post(reserve, { headers: { 'if-match': written(now) }, body: by('c') });
    const conflict = await api.problem('POST', reserve, { headers: { 'if-match': written(old) }, body: by('d') });

    expect(matches.status).toBe(200);
    expect(conflict).toMatchObject({
      status: 409,
      code: 'version-conflict',
      expected: old,
      actual: versionOf(matches),
    });
  });

  it('takes If-Match on a merge stream as what the command is based on', async () => {
    const api = anApi();
    const old = versionOf(await api.post(depart, { body: departed(1).data }));
    await api.post(depart, { body: departed(2).data });

    // At the old version the flight is known to have left with this delay: nothing changes.
    const same = await api.post(depart, { headers: { 'if-match': `"${old}"` }, body: departed(1).data });
    const changed = await api.post(depart, { headers: { 'if-match': `"${old}"` }, body: departed(3).data });

    expect(same.body).not.toHaveProperty('position');
    expect(changed.body).toMatchObject({ position: 3 });
    const commits = await api.ports.events.load(`flight/${westId}`);
    expect(commits.map(({ context }) => context)).toEqual([{}, { 'us-east-1': 1 }, { 'us-east-1': 1 }]);
  });

  it('refuses a version of another stream, and what is no version', async () => {
    const api = anApi();
    const other = versionOf(await api.post(depart, { body: departed().data }));
    for (const token of [other, '*', '"x"', ''])
      expect(await api.problem('POST', reserve, { headers: { 'if-match': token }, body: by('me') })).toMatchObject({
        status: 400,
        code: 'validation',
        faults: [{ path: 'If-Match' }],
      });
  });

  it('waits for a version that this Region has not seen yet, then answers 425 with how far it is', async () => {
    const api = anApi();
    const elsewhere = anApi({ region: 'us-west-2', log: 'us-west-2' });
    const ahead = versionOf(await elsewhere.post(depart, { body: departed().data }));
    const begin = api.runtime.now();

    const problem = await api.problem('POST', depart, { headers: { 'if-match': ahead }, body: departed(2).data });

    expect(problem).toMatchObject({ status: 425, code: 'not-caught-up', wanted: ahead, retryable: true });
    expect(problem).toHaveProperty('seen');
    expect(api.runtime.now() - begin).toBeGreaterThan(500);
    expect(api.runtime.now() - begin).toBeLessThanOrEqual(2000);
  });

  it('names the path of every fault of the input', async () => {
    const problem = await anApi().problem('POST', depart, { body: { airport: 'nowhere', delay: '5' } });
    expect(problem).toMatchObject({
      status: 400,
      faults: [{ path: 'input.airport' }, { path: 'input.delay' }, { path: 'input.scheduled' }],
    });
  });

  it('answers 404 to an unknown command and an unknown type, and says which there are', async () => {
    const api = anApi();
    for (const name of ['fly', 'toString', '__proto__'])
      expect(await api.problem('POST', `/streams/flight/${westId}/commands/${name}`, { body: {} })).toMatchObject({
        status: 404,
        code: 'unknown-command',
        known: ['depart', 'arrive'],
      });
    expect(await api.problem('POST', '/streams/boat/1/commands/sail', { body: {} })).toMatchObject({
      status: 404,
      code: 'unknown-stream-type',
    });
  });

  it('answers the domain’s own refusal with 422, with what the domain says of it', async () => {
    const api = anApi();
    for (const passenger of ['a', 'b', 'c']) await api.post(reserve, { body: by(passenger) });

    expect(await api.problem('POST', reserve, { body: by('d') })).toMatchObject({
      status: 422,
      code: 'rejected',
      seats: 3,
      retryable: false,
    });
    expect(await api.problem('POST', '/streams/seats/none/commands/reserve', { body: by('d') })).toMatchObject({
      status: 422,
      code: 'rejected',
    });
  });

  it('asks the home Region, where the same append is made that its own API would make', async () => {
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
    const path = `/streams/seats/${westId}/commands/reserve`;
    const headers = { 'idempotency-key': 'mine' };

    const answer = await api.post(path, { headers, body: by('me') });
    const atHome = await home.post(path, { headers, body: by('me') });
    const conflict = await api.problem('POST', path, { headers, body: by('you') });

    expect(answer.status).toBe(200);
    expect(atHome).toEqual(answer);
    expect(conflict).toMatchObject({ status: 409, code: 'id-reused' });
    expect(asked).toEqual(['us-west-2', 'us-west-2']);
    expect(await home.ports.events.load(`seats/${westId}`)).toHaveLength(1);
    expect(await api.ports.events.load(`seats/${westId}`)).toEqual([]);
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
