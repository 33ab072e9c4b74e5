import { describe, expect, it } from 'vitest';
import { encodeVersionToken, submitHere } from '../../../core/index.ts';
import { anApi } from './an-api.ts';
import { across, anApiWith, east1, east2, id, taking, west } from './transactions-fixture.ts';

describe('POST /transactions', () => {
  describe('across Regions', () => {
    it('starts the state machine with the whole transaction, and returns its outcome', async () => {
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

    it('returns 202 and a location if the transaction is undecided after 10 s, and reports it there as undecided', async () => {
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
      ['handling="a\\", wait=20", wait=3', 3],
      ['wait=0', 0],
      ['wait=51', 50],
      ['wait=99999999999999999999', 50],
    ])('waits as long as Prefer: %s says, at most 50 s, and confirms the preference', async (prefer, seconds) => {
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
    ])('ignores Prefer: %s', async (prefer) => {
      const api = anApiWith(undefined);
      const begun = api.runtime.elapsed();

      const { headers } = await api.post('/transactions', { headers: { prefer }, body: across });

      expect(headers).not.toHaveProperty('preference-applied');
      expect(api.runtime.elapsed() - begun).toBeGreaterThan(8000);
    });

    it.each(['"\\', '"', '\\"', ';', '\n;'])('reads a long Prefer of %j in linear time', async (part) => {
      const begun = performance.now();
      await anApiWith('committed').post('/transactions', { headers: { prefer: part.repeat(200_000) }, body: across });
      expect(performance.now() - begun).toBeLessThan(2_000);
    });

    it('confirms the applied preference whatever the outcome', async () => {
      const headers = { prefer: 'wait=2' };
      for (const [outcome, status] of [['committed', 200] as const, ['busy', 409] as const])
        expect(await anApiWith(outcome).post('/transactions', { headers, body: across })).toMatchObject({
          status,
          headers: { 'preference-applied': 'wait=2' },
        });
    });

    it('continues a promised transaction on a retry, and returns 503 for another transaction under its id', async () => {
      const api = anApiWith(undefined);
      const headers = { prefer: 'wait=1' };
      await api.post('/transactions', { headers, body: across });

      expect(await api.post('/transactions', { headers, body: across })).toMatchObject({ status: 202 });
      const other = { headers, body: { ...across, participants: [taking(east2), taking(west)] } };
      expect(await api.problem('POST', '/transactions', other)).toMatchObject({ status: 503, code: 'unavailable' });
    });
  });

  it('passes a transaction of another Region on to that Region, and returns its response', async () => {
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

  it('returns a retryable 503 if the driving Region is unreachable: the transaction may have run there', async () => {
    const body = { id: 'us-west-2:a', participants: [taking(west)] };
    const { status, headers, body: problem } = await anApi().post('/transactions', { body });
    expect([status, headers['retry-after']]).toEqual([503, '1']);
    expect(problem).toMatchObject({ code: 'region-unreachable', retryable: true });
  });
});
