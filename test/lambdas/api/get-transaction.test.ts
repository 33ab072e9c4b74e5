import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { encodeVersionToken, type Outcome } from '../../../core/index.ts';
import { aDecision } from '../../contract/decisions.ts';
import { anApi } from './an-api.ts';
import { anApiWith, both, east1, id, taking } from './transactions-fixture.ts';

describe('GET /transactions/{id}', () => {
  it('returns committed with the participants, and aborted with the reason', async () => {
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

  it('returns no participant for an abort that no participant caused', async () => {
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

  it('returns 404, state unknown, for an unknown id', async () => {
    expect(await anApi().problem('GET', `/transactions/${id}`)).toMatchObject({
      status: 404,
      code: 'not-found',
      id,
      state: 'unknown',
      retryable: false,
    });
  });

  it.each(['order-17', 'mars-north-1:a', 'us-east-1:', 'us-east-1:a%23b', 'us-east-1:a%2Fb', ':a'])(
    'returns 400 for an invalid id: %s',
    async (name) => {
      expect(await anApi().problem('GET', `/transactions/${name}`)).toMatchObject({
        status: 400,
        code: 'validation',
        faults: [{ path: 'id' }],
      });
    },
  );

  it('queries the Region that drives it, and reports if that does not respond', async () => {
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
