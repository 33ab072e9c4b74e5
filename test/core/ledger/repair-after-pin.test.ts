import { expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { lookForConflicts } from '../../../core/ledger/look.ts';
import { noticeConcurrent } from '../../../core/ledger/notice.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { moveStream } from '../../../core/write/pin.ts';
import { account } from '../../../testing/toy.ts';
import { anAppend, command } from '../a-region.ts';
import { PRIZE, regionsWithPrizes } from './prizes.ts';

it('a conflict that waits when the home of its stream moves is repaired in the new home, and not watched after that', async () => {
  const refunding = { ...account, type: 'prize', home: () => 'eu', reconcile: () => [] };
  const { us, eu, ap } = regionsWithPrizes(refunding);
  type Region = typeof us;
  const deposit = anAppend({ stream: PRIZE, operation: command('deposit', { amount: 1 }) });
  // Each Region takes itself for the home, as when `home` was changed.
  const asHome = (region: Region) => ({
    ...region,
    regions: [region.region],
    domain: { ...region.domain, streams: new Map([['prize', { ...refunding, home: () => region.region }]]) },
  });
  const meet = async (): Promise<void> => {
    for (const from of [us, eu, ap])
      for (const to of [us, eu, ap])
        if (from !== to) for (const commit of await from.table.load(PRIZE)) to.table.replicate(commit);
    for (const { warm, runtime } of [us, eu, ap]) {
      warm.clear();
      runtime.advance(60_000);
    }
  };
  /** What a Region does about commits that have come into its table. */
  const notice = async (region: Region, commits: readonly Commit[]): Promise<void> => {
    const { now } = await noticeConcurrent({ ...region, logs: region.regions }, commits);
    for (const stream of now) await lookForConflicts(region, stream);
  };
  await appendToStream(asHome(us), deposit);
  await appendToStream(asHome(eu), { ...deposit, commitId: 'other' });
  await meet();
  const concurrent = await eu.table.load(PRIZE);
  // The new home sees the conflict before the pin, the old one after it.
  await notice(ap, concurrent);
  await moveStream(eu, { stream: PRIZE, to: 'ap', dryRun: false });
  await notice(eu, concurrent);
  await notice(us, concurrent);
  await meet();
  const pin = (await ap.table.load(PRIZE)).filter(({ commitId }) => commitId.startsWith('pin:'));
  for (const region of [us, eu, ap]) await notice(region, pin);
  await meet();
  const repairs = (await eu.table.load(PRIZE)).filter(({ repair }) => repair);
  expect(repairs.map(({ commitId }) => commitId)).toEqual(['repair:ap.1']);
  for (const region of [us, eu, ap]) {
    await notice(region, repairs);
    expect(await region.ledger.watched([PRIZE], region.region)).toEqual(new Set());
  }
});
