import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import { submitHere } from '../../../core/intake/command.ts';
import type { Remote } from '../../../core/ports/remote.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, aRegion, command } from '../a-region.ts';

const asked = anAppend({ stream: 'account/eu.1', operation: command('deposit', { amount: 5 }) });
const withdraw = { ...asked, commitId: 'withdraw', operation: command('withdraw', { amount: 9 }) };

/** Two Regions, where calls from the first to the second pass as JSON. */
function aPair() {
  const [us, eu] = [aRegion('us'), aRegion('eu')];
  const invoked: string[] = [];
  const remote: Remote = {
    invoke: async (region, operation) => {
      invoked.push(region);
      return JSON.parse(JSON.stringify(await submitHere(eu, JSON.parse(JSON.stringify(operation)))));
    },
  };
  return { us: { ...us, remote }, eu: { ...eu, remote }, invoked };
}

function answering(answer: unknown) {
  return { ...aRegion('us'), remote: { invoke: async () => answer } };
}

describe('submit', () => {
  it('appends here if the stream has no home, or its home is here', async () => {
    const { us, eu, invoked } = aPair();
    expect(await submitAppend(us, anAppend())).toMatchObject({ dot: { log: 'us', position: 1 } });
    expect(await submitAppend(eu, asked)).toMatchObject({ dot: { log: 'eu', position: 1 } });
    expect(invoked).toEqual([]);
  });

  it('calls the home of a stream, and writes nothing here', async () => {
    const { us, eu, invoked } = aPair();
    const answer = await submitAppend(us, asked);
    expect(answer).toEqual({
      stream: 'account/eu.1',
      commitId: asked.commitId,
      version: { eu: 1 },
      dot: { log: 'eu', position: 1 },
    });
    expect(invoked).toEqual(['eu']);
    expect(us.events.calls).toEqual([]);
    expect(await eu.table.load('account/eu.1')).toHaveLength(1);
  });

  it('returns the result of the home, wherever the request is retried', async () => {
    const { us, eu } = aPair();
    const bare = {
      ...asked,
      operation: { kind: 'events', events: [{ type: 'Deposited', data: { amount: 1 } }] },
    } as const;
    for (const append of [asked, { ...bare, commitId: 'bare' }]) {
      const first = await submitAppend(us, append);
      expect(await submitAppend(eu, append)).toEqual(first);
      expect(await submitAppend(us, append)).toEqual(first);
    }
  });

  it('passes on the expected version, and a result without changes', async () => {
    const { us } = aPair();
    const { version } = await submitAppend(us, asked);
    const none = { ...asked, commitId: 'none', operation: command('withdraw', { amount: 0 }), expected: version };
    expect(await submitAppend(us, none)).toEqual({ stream: asked.stream, commitId: 'none', version });
    await expect(submitAppend(us, { ...none, commitId: 'other', expected: {} })).rejects.toThrow(
      expect.objectContaining({ code: 'version-conflict' }),
    );
  });

  it("throws the home's refusal as the home would", async () => {
    const { us, eu } = aPair();
    const there = await submitAppend(eu, withdraw).catch((error) => error);
    const here = await submitAppend(us, withdraw).catch((error) => error);
    expect(here).toBeInstanceOf(MeridianError);
    expect(here).toMatchObject({ code: 'rejected', message: 'eu.1 has 0 only.', details: { balance: 0 } });
    expect({ ...here }).toEqual({ ...there });
  });

  it('reports that the home is unreachable', async () => {
    const unreachable = new MeridianError('region-unreachable', 'There is no connection.', { retryable: true });
    const us = { ...aRegion('us'), remote: { invoke: () => Promise.reject(unreachable) } };
    await expect(submitAppend(us, asked)).rejects.toBe(unreachable);
  });

  it.each([undefined, null, {}, { appended: {} }, { problem: {} }, { problem: null }, { problem: 'no' }])(
    'does not accept %j as a response',
    async (answer) => {
      await expect(submitAppend(answering(answer), asked)).rejects.toThrow();
    },
  );

  it('refuses an unknown type, and an id without a home, before it calls any Region', async () => {
    const { us, invoked } = aPair();
    await expect(submitAppend(us, anAppend({ stream: 'nothing/x' }))).rejects.toThrow(
      expect.objectContaining({ code: 'unknown-stream-type' }),
    );
    await expect(submitAppend(us, anAppend({ stream: 'account/xx' }))).rejects.toThrow(
      expect.objectContaining({ code: 'rejected' }),
    );
    expect(invoked).toEqual([]);
  });
});
