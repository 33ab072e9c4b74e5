import { describe, expect, it } from 'vitest';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { repairConflicts } from '../../../core/ledger/repair.ts';
import { loadHistory } from '../../../core/log/load.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { prize } from '../../../testing/toy.ts';
import { anAppend } from '../a-region.ts';
import { PRIZE, regionsWithPrizes } from './prizes.ts';

const REF = parseStreamRef(PRIZE);
const snapshots = { every: 2, codeVersion: 1, settle: 1 };

/** A conflict, and a commit that has seen both sides. */
async function aConflict(definition: Parameters<typeof regionsWithPrizes>[0]) {
  const regions = regionsWithPrizes(definition);
  const { us, eu, claim, meet } = regions;
  await claim(us, 'ann');
  await claim(eu, 'ben');
  await meet(us, eu);
  await refund(us, 'none');
  us.runtime.advance(60_000);
  return regions;
}

type Region = ReturnType<typeof regionsWithPrizes>['us'];

async function refund(at: Region, claim: string): Promise<void> {
  const operation = { kind: 'events', events: [{ type: 'Refunded', data: { claim } }] } as const;
  await appendToStream(at, anAppend({ stream: PRIZE, commitId: `refund-of-${claim}`, operation }));
  at.warm.clear();
}

describe('a snapshot', () => {
  it('is not taken over a conflict that waits for a repair, and over it when it is repaired', async () => {
    const { us } = await aConflict({ ...prize, snapshots });
    await loadHistory(us, REF);
    expect(await us.snapshots.newest(PRIZE, 1)).toBeUndefined();
    await repairConflicts(us, REF);
    us.runtime.advance(60_000);
    await loadHistory(us, REF);
    const snapshot = await us.snapshots.newest(PRIZE, 1);
    expect(snapshot).toMatchObject({ version: { us: 3, eu: 1 }, repaired: true });
    await refund(us, 'other');
    expect(await repairConflicts(us, REF)).toBe('free');
  });

  it('includes what comes before such a conflict', async () => {
    const { us, eu, claim, meet } = regionsWithPrizes({ ...prize, snapshots });
    await refund(us, 'one');
    await refund(us, 'two');
    await refund(us, 'three');
    await meet(us, eu);
    await claim(us, 'ann');
    await claim(eu, 'ben');
    await meet(us, eu);
    await refund(us, 'four');
    us.runtime.advance(60_000);
    await us.snapshots.drop(PRIZE, 1, (await us.snapshots.newest(PRIZE, 1))?.latestStamp ?? '');
    await loadHistory(us, REF);
    expect(await us.snapshots.newest(PRIZE, 1)).toMatchObject({ version: { us: 3 }, repaired: true });
    await repairConflicts(us, REF);
    expect((await us.table.load(PRIZE)).filter(({ repair }) => repair)).toMatchObject([
      { context: { us: 5, eu: 1 }, events: [{ data: { claim: 'claim-of-ben' } }] },
    ]);
  });

  it('from before its type had `reconcile` is not used, because it may hide a conflict', async () => {
    const { reconcile: _reconcile, ...before } = { ...prize, snapshots };
    const { us } = await aConflict(before);
    await loadHistory(us, REF);
    expect(await us.snapshots.newest(PRIZE, 1)).toBeDefined();
    expect(await us.snapshots.newest(PRIZE, 1)).not.toHaveProperty('repaired');
    const { domain } = regionsWithPrizes({ ...prize, snapshots }).us;
    await repairConflicts({ ...us, domain }, REF);
    const commits = await us.table.load(PRIZE);
    expect(commits.filter(({ repair }) => repair)).toMatchObject([{ context: { us: 2, eu: 1 } }]);
  });
});
