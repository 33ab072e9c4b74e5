import { describe, expect, it } from 'vitest';
import { encodeVersionToken } from '../../../core/index.ts';
import { anApi, noted } from './an-api.ts';
import { both, east1, east2, east3, id, taken, taking, west } from './transactions-fixture.ts';

describe('POST /transactions', () => {
  describe('writes nothing, reports every fault with its path, and refuses with 400', () => {
    const note = 'note/n';
    const manyStreams = (count: number) => Array.from({ length: count }, (_, i) => taking(`stock/${3 * i}`));
    const token = encodeVersionToken(east3, {});
    const eastAccount = 'account/us-east-1.ann';

    it.each<[string, unknown, readonly string[]]>([
      ['no body', undefined, ['']],
      ['a body that is not an object', [], ['']],
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
        "a check of a participant's stream",
        { ...both, checks: [{ stream: east1, expected: encodeVersionToken(east1, {}) }] },
        ['checks[0].stream'],
      ],
      ['an unknown stream type', { participants: [taking('boat/1')] }, ['participants[0].stream']],
      ['an invalid stream name', { participants: [taking('stock')] }, ['participants[0].stream']],
      [
        'an unknown command',
        { participants: [{ stream: east1, command: 'fly', input: {} }] },
        ['participants[0].command'],
      ],
      [
        'an input that violates its schema',
        { participants: [taking(east1), { stream: eastAccount, command: 'withdraw', input: { sum: 5 } }] },
        ['participants[1].input.amount', 'participants[1].input.sum'],
      ],
      [
        'an event that violates its schema',
        { participants: [{ stream: east1, events: [taken('a'), { type: 'Taken', data: {} }] }] },
        ['participants[0].events[1].data.by'],
      ],
      ['no events', { participants: [{ stream: east1, events: [] }] }, ['participants[0].events']],
      ['a participant without an operation', { participants: [{ stream: east1 }] }, ['participants[0]']],
      [
        'a version of another stream',
        { participants: [{ ...taking(east1), expected: token }] },
        ['participants[0].expected'],
      ],
      ['a check without a version', { ...both, checks: [{ stream: east3 }] }, ['checks[0].expected']],
      ['a timeout of 0 s', { ...both, timeoutSeconds: 0 }, ['timeoutSeconds']],
      ['a timeout of 5 minutes', { ...both, timeoutSeconds: 300 }, ['timeoutSeconds']],
      ['an invalid meta', { ...both, meta: { note: 'x' } }, ['meta.note']],
      ['an unknown member', { ...both, wait: 5 }, ['wait']],
      ['an id of an unknown Region', { ...both, id: 'mars-north-1:a' }, ['id']],
      ['an id without a Region', { ...both, id: 'order-17' }, ['id']],
      ['an id with #', { ...both, id: `${id}#1` }, ['id']],
      ['an id that is too long', { ...both, id: `us-east-1:${'x'.repeat(121)}` }, ['id']],
      ['an empty key', { ...both, id: 'us-east-1:' }, ['id']],
      ['an id that is not text', { ...both, id: null }, ['id']],
      [
        'several faults',
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

  it('accepts 25 participants', async () => {
    const api = anApi();
    const participants = Array.from({ length: 25 }, (_, i) => taking(`stock/${3 * i}`));
    expect(await api.post('/transactions', { body: { participants } })).toMatchObject({ status: 200 });
  });
});
