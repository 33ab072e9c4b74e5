import type { Transaction } from '../../../core/facts/transaction.ts';
import { readStream } from '../../../core/read/streams.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, watched } from '../a-region.ts';
import { aTransaction, type Region } from './regions.ts';

export const WAIT = 1000;
export const [A, B] = ['account/us.1', 'account/us.2'];
export function withdrawing(amount: number, of: object = {}) {
  return { stream: A, command: 'withdraw', input: { amount }, ...of };
}
export function depositing(amount: number, of: object = {}) {
  return { stream: B, command: 'deposit', input: { amount }, ...of };
}

export function local(of: Record<string, unknown> = {}): Transaction {
  return aTransaction({ participants: [withdrawing(5), depositing(5)], ...of });
}

export function deposit(region: Region, stream: string, amount: number) {
  return appendToStream(region, anAppend({ stream, operation: command('deposit', { amount }) }));
}

/** Another process of the same Region. */
export function another(region: Region): Region {
  return { ...region, warm: new Map(), events: watched(region.table) };
}

/** A Region with 10 in the first account, both warm. */
export async function aBank(of?: Parameters<typeof aRegion>[2]): Promise<Region> {
  const us = aRegion('us', fakeRuntime(), of);
  await deposit(us, A, 10);
  await deposit(us, B, 0);
  us.events.calls.length = 0;
  return us;
}

export function balances(region: Region) {
  return Promise.all([A, B].map(async (stream) => (await readStream(another(region), stream)).state));
}

/** Runs another action immediately before the first write of a transaction. */
export function interfered(region: Region, act: () => Promise<unknown>): Region {
  let done = false;
  const events = watched(region.table, (call) => {
    if (call !== 'transact' || done) return undefined;
    done = true;
    return act();
  });
  return { ...region, events };
}

export function holdA(region: Region) {
  return prepareIntent(another(region), {
    transaction: 'us:other',
    attempt: 1,
    fingerprint: 'digest-of-the-request',
    participant: { stream: A, operation: command('deposit', { amount: 1 }) },
    remaining: 3000,
    meta: {},
  });
}
