import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { encodeVersionToken, type MachineInput, type Outcome, submitHere } from '../../../core/index.ts';
import { STOCK } from '../../../testing/toy.ts';
import { anIntent } from '../../contract/commits.ts';
import { aDecision } from '../../contract/decisions.ts';
import { anApi, noted, versionOf, westStock } from './an-api.ts';

/** At home in us-east-1, all of them. */
const [east1, east2, east3] = ['stock/0', 'stock/3', 'stock/6'] as const;
/** At home in us-west-2. */
const west = westStock;
const id = 'us-east-1:order-17';

function taking(stream: string, by = 'me') {
  return { stream, command: 'take', input: by };
}
function taken(by: string) {
  return { type: 'Taken', data: { by } };
}
/** Takes from two stocks of one Region. */
const both = { id, participants: [taking(east1), taking(east2)] };
/** Takes from two stocks of two Regions. */
const across = { id, participants: [taking(east1), taking(west)] };

/** An API whose state machine makes a transaction come out like this, at once. */
function anApiWith(outcome: 'committed' | 'busy' | 'unreachable' | undefined) {
  const decisions = memoryDecisions({ strong: true });
  const started: MachineInput[] = [];
  const api = anApi({
    decisions,
    machine: {
      start: async (input) => {
        started.push(input);
        const { id: transaction, fingerprint } = input;
        if (outcome === undefined) return;
        const problem = {
          type: 'urn:meridian:problem:x',
          title: 'x',
          status: 409,
          detail: 'It was held by others.',
          retryable: false,
        };
        const aborted = { state: 'aborted' as const, participants: [] };
        const busy = { ...problem, code: 'stream-busy' as const, retryAfter: 7 };
        const unreachable = { ...problem, code: 'region-unreachable' as const };
        await decisions.put(
          aDecision({
            transaction,
            fingerprint,
            ...(outcome === 'committed'
              ? { participants: [{ stream: west, log: 'us-west-2', position: 4, version: { 'us-west-2': 4 } }] }
              : { ...aborted, reason: { stream: west, problem: outcome === 'busy' ? busy : unreachable } }),
          }),
        );
      },
    },
  });
  return { ...api, started, decisions };
}

describe('POST /transactions', () => {
  it('changes every stream, and answers the version and place of each', async () => {
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

  it('takes events as they are, at an expected version, and checks of what is only read', async () => {
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

  it('makes an id for this Region when the caller has none', async () => {
    const { body } = await anApi().post('/transactions', { body: { participants: both.participants } });
    expect(body).toMatchObject({ id: 'us-east-1:id-1', state: 'committed' });
  });

  it('takes the Idempotency-Key for the id of a body without one', async () => {
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
    'refuses the Idempotency-Key "%s", under its name, with what else is wrong',
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

  it('refuses a body whose id is not the one of the Idempotency-Key', async () => {
    const api = anApi();
    const headers = { 'idempotency-key': 'us-east-1:key' };

    expect(await api.problem('POST', '/transactions', { headers, body: both })).toMatchObject({
      status: 400,
      code: 'validation',
      faults: [{ path: 'Idempotency-Key', message: expect.stringMatching(`us-east-1:key.*body.*${id}`) }],
    });
    expect(await api.ports.events.load(east1)).toEqual([]);
  });

  it('answers the first outcome to the same id again, whatever has changed since, and 409 to another body', async () => {
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

  it('hands the caller’s trace on to every event, unless the body names one', async () => {
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
    it('when a command is refused: 409 with the refusal and whose it is, and nothing is written', async () => {
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
    ])('when %s is not at the expected version', async (_, of) => {
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

    it('when a home did not answer', async () => {
      const api = anApiWith('unreachable');
      expect(await api.problem('POST', '/transactions', { body: across })).toMatchObject({
        status: 409,
        code: 'aborted',
        participant: west,
        reason: { code: 'region-unreachable' },
      });
    });

    it('when a stream was busy all the time, and says after how many seconds a new one is worth a try', async () => {
      const api = anApiWith('busy');
      const { status, headers, body } = await api.post('/transactions', { body: across });
      expect([status, headers['retry-after']]).toEqual([409, '7']);
      expect(body).toMatchObject({ code: 'aborted', retryable: false, reason: { code: 'stream-busy', retryAfter: 7 } });
    });
  });

  describe('over several Regions', () => {
    it('starts the machine with all of it, and answers what it came to', async () => {
      const api = anApiWith('committed');

      const answer = await api.post('/transactions', {
        body: { ...across, timeoutSeconds: 20, meta: { actor: 'me' } },
      });

      expect(answer).toEqual({
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: {
          id,
          state: 'committed',
          participants: [
            { stream: west, version: encodeVersionToken(west, { 'us-west-2': 4 }), log: 'us-west-2', position: 4 },
          ],
        },
      });
      expect(api.started).toMatchObject([
        {
          id,
          timeout: 20_000,
          meta: { actor: 'me' },
          participants: [{ stream: east1, operation: { kind: 'command' } }, { stream: west }],
        },
      ]);
    });

    it('answers 202 and where to ask when it is undecided after 10 s, and from then on says so', async () => {
      const api = anApiWith(undefined);
      const begun = api.runtime.elapsed();

      const answer = await api.post('/transactions', { body: across });

      expect(answer).toEqual({
        status: 202,
        headers: { 'content-type': 'application/json', location: `/transactions/${id}`, 'retry-after': '1' },
        body: { id, state: 'undecided' },
      });
      const waited = api.runtime.elapsed() - begun;
      expect(waited).toBeGreaterThan(8000);
      expect(waited).toBeLessThanOrEqual(10_000);
      expect(await api.get(answer.headers.location ?? '')).toMatchObject({
        status: 200,
        body: { id, state: 'undecided' },
      });
    });

    it.each([
      ['wait=3', 3],
      ['Wait = 3', 3],
      ['respond-async, wait=3', 3],
      ['respond-async,wait=3;strict=1 , return=minimal', 3],
      ['wait=3, wait=20', 3],
      ['handling="a, wait=20", wait=3', 3],
      ['wait=0', 0],
      ['wait=51', 50],
      ['wait=99999999999999999999', 50],
    ])('waits as long as Prefer: %s says, at most 50 s, and says so', async (prefer, seconds) => {
      const api = anApiWith(undefined);
      const begun = api.runtime.elapsed();

      const { status, headers } = await api.post('/transactions', { headers: { prefer }, body: across });

      expect([status, headers['preference-applied']]).toEqual([202, `wait=${seconds}`]);
      const waited = api.runtime.elapsed() - begun;
      expect(waited).toBeLessThanOrEqual(seconds * 1000);
      expect(waited).toBeGreaterThanOrEqual(seconds * 1000 - 1000);
    });

    it.each([
      '',
      'wait',
      'wait=',
      'wait=-1',
      'wait=1.5',
      'wait=2 s',
      'wait=2=3',
      'wait="2"',
      'await=2',
      'return=minimal;wait=2',
      'return="wait=2',
      'wait=x, wait=2',
    ])('passes over Prefer: %s', async (prefer) => {
      const api = anApiWith(undefined);
      const begun = api.runtime.elapsed();

      const { headers } = await api.post('/transactions', { headers: { prefer }, body: across });

      expect(headers).not.toHaveProperty('preference-applied');
      expect(api.runtime.elapsed() - begun).toBeGreaterThan(8000);
    });

    it('says that the preference was applied whatever the outcome', async () => {
      const headers = { prefer: 'wait=2' };
      for (const [outcome, status] of [['committed', 200] as const, ['busy', 409] as const])
        expect(await anApiWith(outcome).post('/transactions', { headers, body: across })).toMatchObject({
          status,
          headers: { 'preference-applied': 'wait=2' },
        });
    });

    it('goes on with what was promised when the same transaction comes again, and has another one wait', async () => {
      const api = anApiWith(undefined);
      const headers = { prefer: 'wait=1' };
      await api.post('/transactions', { headers, body: across });

      expect(await api.post('/transactions', { headers, body: across })).toMatchObject({ status: 202 });
      const other = { headers, body: { ...across, participants: [taking(east2), taking(west)] } };
      expect(await api.problem('POST', '/transactions', other)).toMatchObject({ status: 503, code: 'unavailable' });
    });
  });

  it('passes a transaction of another Region on to that one, and its answer back', async () => {
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
    const body = { id: 'us-west-2:a', participants: [taking(west)] };

    const answer = await api.post('/transactions', { body });

    expect(answer).toMatchObject({ status: 200, body: { state: 'committed', participants: [{ log: 'us-west-2' }] } });
    expect(await home.post('/transactions', { body })).toEqual(answer);
    expect(await api.get('/transactions/us-west-2:a')).toMatchObject({ status: 200, body: answer.body });
    expect(asked).toEqual(['us-west-2', 'us-west-2']);
  });

  it('answers 503 when the Region that drives it cannot be reached: it may have run all the same', async () => {
    const body = { id: 'us-west-2:a', participants: [taking(west)] };
    const { status, headers, body: problem } = await anApi().post('/transactions', { body });
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect(problem).toMatchObject({ code: 'region-unreachable', retryable: true });
  });

  describe('refuses with 400, tells every fault with its path, and writes nothing', () => {
    const note = 'note/n';
    const manyStreams = (count: number) => Array.from({ length: count }, (_, i) => taking(`stock/${3 * i}`));
    const token = encodeVersionToken(east3, {});
    const eastAccount = 'account/us-east-1.ann';

    it.each<[string, unknown, readonly string[]]>([
      ['no body', undefined, ['']],
      ['a body that is no object', [], ['']],
      ['no participants', { id }, ['participants']],
      ['an empty list of participants', { id, participants: [] }, ['participants']],
      ['26 participants', { participants: manyStreams(26) }, ['participants']],
      [
        '25 participants and a check',
        { participants: manyStreams(25), checks: [{ stream: east3, expected: token }] },
        ['participants'],
      ],
      [
        'a merge stream',
        { participants: [taking(east1), { stream: note, events: [noted()] }] },
        ['participants[1].stream'],
      ],
      ['a merge stream in a check', { ...both, checks: [{ stream: note, expected: token }] }, ['checks[0].stream']],
      ['the same stream twice', { participants: [taking(east1), taking(east1, 'you')] }, ['participants[1].stream']],
      [
        'a check of a stream that takes part',
        { ...both, checks: [{ stream: east1, expected: encodeVersionToken(east1, {}) }] },
        ['checks[0].stream'],
      ],
      ['an unknown stream type', { participants: [taking('boat/1')] }, ['participants[0].stream']],
      ['what is no stream name', { participants: [taking('stock')] }, ['participants[0].stream']],
      [
        'an unknown command',
        { participants: [{ stream: east1, command: 'fly', input: {} }] },
        ['participants[0].command'],
      ],
      [
        'an input that fails its schema',
        { participants: [taking(east1), { stream: eastAccount, command: 'withdraw', input: { sum: 5 } }] },
        ['participants[1].input.amount', 'participants[1].input.sum'],
      ],
      [
        'an event that fails its schema',
        { participants: [{ stream: east1, events: [taken('a'), { type: 'Taken', data: {} }] }] },
        ['participants[0].events[1].data.by'],
      ],
      ['no events', { participants: [{ stream: east1, events: [] }] }, ['participants[0].events']],
      ['a participant that asks for nothing', { participants: [{ stream: east1 }] }, ['participants[0]']],
      [
        'a version of another stream',
        { participants: [{ ...taking(east1), expected: token }] },
        ['participants[0].expected'],
      ],
      ['a check without a version', { ...both, checks: [{ stream: east3 }] }, ['checks[0].expected']],
      ['a time-out of 0 s', { ...both, timeoutSeconds: 0 }, ['timeoutSeconds']],
      ['a time-out of 5 minutes', { ...both, timeoutSeconds: 300 }, ['timeoutSeconds']],
      ['a meta that is none', { ...both, meta: { note: 'x' } }, ['meta.note']],
      ['a member that is not known', { ...both, wait: 5 }, ['wait']],
      ['an id of a Region that does not exist', { ...both, id: 'mars-north-1:a' }, ['id']],
      ['an id without a Region', { ...both, id: 'order-17' }, ['id']],
      ['an id with #', { ...both, id: `${id}#1` }, ['id']],
      ['an id that is too long', { ...both, id: `us-east-1:${'x'.repeat(121)}` }, ['id']],
      ['an empty key', { ...both, id: 'us-east-1:' }, ['id']],
      ['an id that is no text', { ...both, id: null }, ['id']],
      [
        'faults in several places',
        { id: 'x', participants: [taking('boat/1'), { stream: eastAccount, command: 'withdraw', input: {} }] },
        ['id', 'participants[0].stream', 'participants[1].input.amount'],
      ],
    ])('%s', async (_, body, paths) => {
      const api = anApi();

      const problem = await api.problem('POST', '/transactions', { body });

      expect(problem).toMatchObject({ status: 400, code: 'validation', retryable: false });
      expect(problem.faults).toEqual(paths.map((path) => ({ path, message: expect.any(String) })));
      for (const stream of [east1, east2, east3, west, eastAccount])
        expect(await api.ports.events.load(stream)).toEqual([]);
      expect(await api.ports.events.findDecision(id)).toBeUndefined();
    });

    it('no body', async () => {
      expect(await anApi().problem('POST', '/transactions', {})).toMatchObject({
        status: 400,
        faults: [{ path: '', message: 'The body is empty: send a transaction' }],
      });
    });

    it('what is not JSON', async () => {
      expect(await anApi().problem('POST', '/transactions', { body: '{' })).toMatchObject({ status: 400 });
    });
  });

  it('refuses more than 200,000 bytes with 413', async () => {
    const by = 'x'.repeat(200_000);
    const problem = await anApi().problem('POST', '/transactions', {
      body: { id, participants: [taking(east1, by)] },
    });
    expect(problem).toMatchObject({ status: 413, code: 'too-large', limit: 200_000, bytes: expect.any(Number) });
  });

  it('takes 25 participants', async () => {
    const api = anApi();
    const participants = Array.from({ length: 25 }, (_, i) => taking(`stock/${3 * i}`));
    expect(await api.post('/transactions', { body: { participants } })).toMatchObject({ status: 200 });
  });
});

describe('GET /transactions/{id}', () => {
  it('answers committed with the participants, and aborted with the reason', async () => {
    const api = anApi();
    const committed = await api.post('/transactions', { body: both });
    const body = {
      id: 'us-east-1:b',
      participants: [{ ...taking(east1), expected: encodeVersionToken(east1, {}) }],
    };
    const { reason, participant } = await api.problem('POST', '/transactions', { body });

    expect(await api.get(`/transactions/${id}`)).toEqual(committed);
    expect(await api.get('/transactions/us-east-1:b')).toMatchObject({
      status: 200,
      body: { id: 'us-east-1:b', state: 'aborted', reason, participant },
    });
    expect(await api.get(`/transactions/${encodeURIComponent(id)}`)).toEqual(committed);
  });

  it('leaves out the participant of an abort that none caused', async () => {
    const api = anApiWith(undefined);
    const problem = {
      type: 't',
      title: 't',
      status: 409,
      detail: 'Too late.',
      code: 'deadline-exceeded' as const,
      retryable: false,
    };
    await api.decisions.put(aDecision({ transaction: id, state: 'aborted', participants: [], reason: { problem } }));
    expect(await api.get(`/transactions/${id}`)).toMatchObject({ body: { id, state: 'aborted', reason: problem } });
    expect((await api.get(`/transactions/${id}`)).body).not.toHaveProperty('participant');
  });

  it('answers 404, state unknown, of what it has never heard', async () => {
    expect(await anApi().problem('GET', `/transactions/${id}`)).toMatchObject({
      status: 404,
      code: 'not-found',
      id,
      state: 'unknown',
      retryable: false,
    });
  });

  it.each(['order-17', 'mars-north-1:a', 'us-east-1:', 'us-east-1:a%23b', 'us-east-1:a%2Fb', ':a'])(
    'answers 400 to what cannot be an id: %s',
    async (name) => {
      expect(await anApi().problem('GET', `/transactions/${name}`)).toMatchObject({
        status: 400,
        code: 'validation',
        faults: [{ path: 'id' }],
      });
    },
  );

  it('asks the Region that drives it, and says when that does not answer', async () => {
    const answers: (Outcome | undefined)[] = [{ id: 'us-west-2:a', state: 'undecided' }];
    const api = anApi({
      decisions: memoryDecisions({ strong: false }),
      remote: { invoke: async () => ({ outcome: answers.shift() }) },
    });
    expect(await api.get('/transactions/us-west-2:a')).toMatchObject({ status: 200, body: { state: 'undecided' } });
    expect(await anApi().problem('GET', '/transactions/us-west-2:a')).toMatchObject({
      status: 503,
      code: 'region-unreachable',
    });
  });
});

describe('an append that meets an undecided transaction', () => {
  it('is answered with 409 and after how many seconds it is worth another try', async () => {
    const events = memoryEventStore();
    const api = anApi({ events });
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
