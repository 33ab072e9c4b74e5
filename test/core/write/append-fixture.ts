import { expect } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { readStream } from '../../../core/read/streams.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { anAppend, type aRegion, command, inTexts } from '../a-region.ts';

export type Region = ReturnType<typeof aRegion>;

export const STREAM = 'note/n';

export const ACCOUNT = 'account/us.1';

export function deposit(amount: number) {
  return command('deposit', { amount });
}

export function withdraw(amount: number) {
  return command('withdraw', { amount });
}

/** Another process of the same Region: the same table, nothing warm. */
export function another(region: Region): Region {
  return { ...region, warm: new Map() };
}

/** Loads the stream into the Region's memory, as a refused append does. */
export async function warmUp(region: Region, stream = STREAM): Promise<void> {
  const operation = stream === STREAM ? command('after', { text: 'a', after: 'never' }) : withdraw(1_000_000);
  await expect(appendToStream(region, anAppend({ stream, operation }))).rejects.toThrow(refusal('rejected'));
}

export async function callsOf(region: Region, act: () => Promise<unknown>): Promise<readonly string[]> {
  const before = region.events.calls.length;
  await act().catch(() => undefined);
  return region.events.calls.slice(before);
}

export async function stateOf(region: Region, stream = STREAM): Promise<unknown> {
  return (await readStream(region, stream)).state;
}

export async function textsOf(region: Region): Promise<readonly string[]> {
  return inTexts(await stateOf(region)).texts;
}

export function commitsOf(region: Region, stream = STREAM): Promise<readonly Commit[]> {
  return region.table.load(stream);
}

export function refusal(code: string, of: object = {}) {
  return expect.objectContaining({ code, ...of });
}
