import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { encodeVersionToken, MeridianError } from '../../../core/index.ts';
import { STOCK } from '../../../testing/toy.ts';
import { anIntent } from '../../contract/commits.ts';
import { anApi, versionOf } from './an-api.ts';
import { across, anApiWith, both, east1, east2, east3, id, taken, taking, west } from './transactions-fixture.ts';

describe('POST /transactions', () => {
  it('changes every stream, and returns the version and position of each', async () => {
    const api = anApi();

    const answer = await api.post('/transactions', { body: both });

    expect(answer).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: {
        id,
        state: 'committed',
        participants: [east1, east2].map((stream) => ({
          stream,
          version: encodeVersionToken(stream, { 'us-east-1': 1 }),
          log: 'us-east-1',
          position: 1,
        })),
      },
    });
    expect(await api.get(`/streams/${east1}`)).toMatchObject({ body: { state: ['me'] } });
    expect(await api.get(`/streams/${east2}`)).toMatchObject({ body: { state: ['me'] } });
  });

  it('accepts raw events, at an expected version, and checks of streams that are only read', async () => {
    const api = anApi();
    const version = versionOf(await api.post(`/streams/${east1}/commands/take`, { body: JSON.stringify('a') }));
    const seen = versionOf(await api.post(`/streams/${east3}/commands/take`, { body: JSON.stringify('b') }));

    const answer = await api.post('/transactions', {
      body: {
        id,
        participants: [
          { stream: east1, events: [taken('b'), taken('c')], expected: version },
          { stream: east2, events: [taken('b')] },
        ],
        checks: [{ stream: east3, expected: seen }],
        timeoutSeconds: 5,
        meta: { actor: 'me' },
      },
    });

    expect(answer).toMatchObject({ status: 200, body: { state: 'committed' } });
    expect(await api.ports.events.load(east1)).toMatchObject([{}, { position: 2, meta: { actor: 'me' } }]);
    expect(await api.ports.events.load(east3)).toHaveLength(1);
  });

  it('generates an id for this Region if the caller has none', async () => {
    const { body } = await anApi().post('/transactions', { body: { participants: both.participants } });
    expect(body).toMatchObject({ id: 'us-east-1:id-1', state: 'committed' });
  });

  it('uses the Idempotency-Key as the id of a body without one', async () => {
    const api = anApi();
    const headers = { 'idempotency-key': 'us-east-1:key' };

    const { body } = await api.post('/transactions', { headers, body: { participants: both.participants } });
    const named = await api.post('/transactions', {
      headers: { 'Idempotency-Key': id },
      body: { id, participants: [taking(east3)] },
    });

    expect(body).toMatchObject({ id: 'us-east-1:key' });
    expect(named.body).toMatchObject({ id });
  });

  it.each(['no Region', 'mars-north-1:a', '', 'us-east-1:a#1'])(
    'refuses the Idempotency-Key "%s", and reports it under the name of the header, together with the other faults',
    async (key) => {
      const headers = { 'idempotency-key': key };
      const ask = (...participants: readonly object[]) =>
        anApi().problem('POST', '/transactions', { headers, body: { participants } });

      const fault = { path: 'Idempotency-Key', message: expect.any(String) };
      const problem = await ask(...both.participants);
      expect(problem).toMatchObject({ status: 400, code: 'validation', faults: [fault] });
      expect(problem.detail).toMatch(/^Idempotency-Key: /);
      expect(await ask({ stream: east1 })).toMatchObject({ faults: [fault, { path: 'participants[0]' }] });
      expect(await ask()).toMatchObject({ faults: [{ path: 'participants' }] });
    },
  );

  it('refuses a body whose id differs from the Idempotency-Key', async () => {
    const api = anApi();
    const headers = { 'idempotency-key': 'us-east-1:key' };

    expect(await api.problem('POST', '/transactions', { headers, body: both })).toMatchObject({
      status: 400,
      code: 'validation',
      faults: [{ path: 'Idempotency-Key', message: expect.stringMatching(`us-east-1:key.*body.*${id}`) }],
    });
    expect(await api.ports.events.load(east1)).toEqual([]);
  });

  it('returns the first outcome on a retry, whatever has changed in the meantime, and 409 for another body', async () => {
    const api = anApi();
    const first = await api.post('/transactions', { body: both });
    await api.post(`/streams/${east1}/commands/release`, { body: JSON.stringify('me') });

    expect(await api.post('/transactions', { body: both })).toEqual(first);
    const other = { ...both, participants: [taking(east1)] };
    expect(await api.problem('POST', '/transactions', { body: other })).toMatchObject({
      status: 409,
      code: 'id-reused',
      retryable: false,
    });
    expect(await api.ports.events.load(east2)).toHaveLength(1);
  });

  it('passes the caller’s trace on to every event, unless the body has one', async () => {
    const api = anApi();
    const [ours, theirs] = ['a', 'b'].map((digit) => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`);
    let sent = 0;
    const send = (of: object, traceparent: string | undefined) =>
      api.post('/transactions', {
        headers: { traceparent: traceparent ?? 'malformed' },
        body: { participants: [taking(east1, `${++sent}`)], ...of },
      });

    await send({}, ours);
    await send({ meta: { traceparent: theirs, actor: 'me' } }, ours);
    await send({}, undefined);

    const commits = await api.ports.events.load(east1);
    expect(commits.map(({ meta }) => meta)).toEqual([{ traceparent: ours }, { traceparent: theirs, actor: 'me' }, {}]);
  });

  describe('aborts', () => {
    it('if a command is refused: returns 409 with the refusal and its stream, and writes nothing', async () => {
      const api = anApi();
      for (let i = 0; i < STOCK; i++)
        await api.post(`/streams/${east2}/commands/take`, { body: JSON.stringify(`${i}`) });

      const first = await api.problem('POST', '/transactions', { body: both });

      expect(first).toMatchObject({
        type: 'urn:meridian:problem:aborted',
        status: 409,
        code: 'aborted',
        retryable: false,
        id,
        participant: east2,
        reason: { code: 'rejected', status: 422, stock: STOCK },
      });
      expect(first.detail).toContain(east2);
      expect(await api.ports.events.load(east1)).toEqual([]);
      const { headers } = await api.post('/transactions', { body: both });
      expect(headers).not.toHaveProperty('retry-after');
      await api.post(`/streams/${east2}/commands/release`, { body: JSON.stringify('0') });
      expect(await api.problem('POST', '/transactions', { body: both })).toEqual(first);
    });

    it.each([
      ['a participant', (expected: string) => ({ participants: [{ ...taking(east1), expected }] })],
      ['a check', (expected: string) => ({ participants: [taking(east2)], checks: [{ stream: east1, expected }] })],
    ])('if %s is not at the expected version', async (_, of) => {
      const api = anApi();
      const take = (by: string) => api.post(`/streams/${east1}/commands/take`, { body: JSON.stringify(by) });
      const old = versionOf(await take('a'));
      const actual = versionOf(await take('b'));

      expect(await api.problem('POST', '/transactions', { body: { id, ...of(old) } })).toMatchObject({
        status: 409,
        code: 'aborted',
        participant: east1,
        reason: { code: 'version-conflict', expected: old, actual },
      });
      expect(await api.ports.events.load(east2)).toEqual([]);
    });

    it('if a home did not respond', async () => {
      const api = anApiWith('unreachable');
      expect(await api.problem('POST', '/transactions', { body: across })).toMatchObject({
        status: 409,
        code: 'aborted',
        participant: west,
        reason: { code: 'region-unreachable' },
      });
    });

    it('if a stream was busy until the deadline, and returns the seconds after which a new transaction is worthwhile', async () => {
      const api = anApiWith('busy');
      const { status, headers, body } = await api.post('/transactions', { body: across });
      expect([status, headers['retry-after']]).toEqual([409, '7']);
      expect(body).toMatchObject({ code: 'aborted', retryable: false, reason: { code: 'stream-busy', retryAfter: 7 } });
    });
  });
});

describe('an append that finds an undecided transaction', () => {
  it('gets 409 with the seconds after which a retry is worthwhile', async () => {
    const events = memoryEventStore();
    // Nothing can end the attempt, so it holds the stream.
    const put = async () => {
      throw new MeridianError('unavailable', 'throttled', { retryable: true });
    };
    const api = anApi({ events, decisions: { ...memoryDecisions({ strong: true }), put } });
    const deadline = api.runtime.now() + 60_000;
    await events.put(
      anIntent({ stream: east1, log: 'us-east-1', position: 1, context: {}, tx: { state: 'prepared', deadline } }),
    );

    const { status, headers, body } = await api.post(`/streams/${east1}/commands/take`, {
      body: JSON.stringify('me'),
    });

    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'stream-busy', retryable: true, retryAfter: Number(headers['retry-after']) });
    const left = (deadline - api.runtime.now()) / 1000;
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(left);
    expect(Number(headers['retry-after'])).toBeLessThan(left + 1);
  });
});
