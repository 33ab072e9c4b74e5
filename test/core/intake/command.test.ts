import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { submitHere } from '../../../core/intake/command.ts';
import { anAppend, aRegion, command, noted } from '../a-region.ts';
import { aTransaction, aWorld } from '../transaction/regions.ts';

const asked = anAppend({ stream: 'account/eu.1', operation: command('deposit', { amount: 5 }) });

describe('a request passed on by another Region', () => {
  it('is refused if it is for another home', async () => {
    const answer = await submitHere(aRegion('us'), { ...asked });
    expect(answer).toMatchObject({ problem: { code: 'misdirected', home: 'eu' } });
  });

  it('returns a problem that reveals no internals if it cannot be read, and logs the cause', async () => {
    const us = aRegion('us');
    expect(await submitHere(us, { stream: 'no stream', operation: noted() })).toMatchObject({
      problem: { code: 'internal', retryable: true },
    });
    expect(us.runtime.unexpectedErrors).toEqual([expect.any(z.ZodError)]);
  });

  it('is refused by counting if older code passes on what cannot be carried', async () => {
    const input = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
    const eu = aRegion('eu');
    const passedOn = { ...asked, operation: command('deposit', input) };
    expect(await submitHere(eu, passedOn)).toMatchObject({
      problem: { code: 'validation', detail: expect.stringMatching(/^operation\.input\[0\]/), retryable: false },
    });
    const transact = { id: 'eu:a', participants: [{ stream: 'account/eu.1', operation: command('deposit', input) }] };
    expect(await submitHere(eu, { transact, wait: 0 })).toMatchObject({ problem: { code: 'validation' } });
  });

  it('appends to a stream whose home is here', async () => {
    expect(await submitHere(aRegion('eu'), asked)).toMatchObject({ appended: { dot: { log: 'eu', position: 1 } } });
  });

  it('runs a transaction driven from here, or returns its outcome', async () => {
    const { us } = aWorld();
    const transaction = aTransaction({
      participants: [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } }],
    });
    const { id } = transaction;
    expect(await submitHere(us, { outcomeOf: id })).toEqual({ outcome: { id, state: 'unknown' } });
    const outcome = {
      id,
      state: 'committed',
      participants: [{ stream: 'account/eu.1', region: 'eu', log: 'eu', position: 1, version: { eu: 1 } }],
    };
    expect(await submitHere(us, { transact: transaction, wait: 1000 })).toEqual({ outcome });
    expect(await submitHere(us, { outcomeOf: id })).toEqual({ outcome });
  });
});
