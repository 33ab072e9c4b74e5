import { describe, expect, it } from 'vitest';
import { keyOf, type PlacementEntry, placementOf } from '../../../core/facts/placement.ts';
import { COMPLETE_AFTER_MS } from '../../../core/limits/budgets.ts';
import { completeMoves } from '../../../core/operate/placement.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command, replicate } from '../a-region.ts';
import type { Region } from '../transaction/regions.ts';
import { aLinkedWorld, move, processOf, STREAM } from './moves.ts';

const deposit = (amount = 1) => anAppend({ stream: STREAM, operation: command('deposit', { amount }) });

/** Ends the move of `eu` in the Region that acts, as an operator does who has waited, and has compared the Regions. */
async function complete(acting: Region): Promise<PlacementEntry | undefined> {
  const entry = placementOf(acting.placements.items()).eu;
  if (!entry) throw new Error('No home has moved.');
  const entries = { eu: keyOf(entry) };
  await completeMoves(acting, { entries, compared: false });
  acting.runtime.advance(COMPLETE_AFTER_MS);
  return (await completeMoves(acting, { entries, compared: true })).placement.eu;
}

describe('a move that is complete', () => {
  it('has no Region asked for a seal, also where none was put', async () => {
    const { us, eu, calls, spread, cut, streams } = aLinkedWorld();
    streams.add('account/eu.2');
    await submitAppend(eu, deposit(7));
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    expect(await complete(us)).toMatchObject({ acting: 'us', sources: [], lost: [] });
    cut.add('eu');
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
    expect(await submitAppend(us, { ...deposit(), stream: 'account/eu.2' })).toMatchObject({ dot: { log: 'us' } });
    expect(calls).toEqual([]);
  });

  it('leaves the Region that acts as the only source of the next move', async () => {
    const { us, eu, ap, spread, cut } = aLinkedWorld();
    await submitAppend(eu, deposit(7));
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await complete(us);
    await spread();
    await move(us, { acting: 'ap', sources: ['us'] });
    await spread();
    cut.add('eu');
    expect(await submitAppend(ap, deposit())).toMatchObject({ version: { eu: 1, us: 1, ap: 1 } });
  });

  it('leaves an intent alone that only a Region would decide which is not deployed any more', async () => {
    const { us, eu, cut } = aLinkedWorld({ strong: false });
    await appendToStream(eu, deposit(7));
    await prepareIntent(eu, {
      ...{ transaction: 'eu:slow', attempt: 1, fingerprint: 'f', meta: {}, remaining: 30_000 },
      participant: { stream: STREAM, operation: command('deposit', { amount: 1 }) },
    });
    await replicate(STREAM, eu, us);
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    const without = { ...us, regions: ['us', 'ap'] };
    expect(await complete(without)).toMatchObject({ sources: [], lost: ['eu'] });
    us.runtime.advance(60 * 60_000);
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'us', position: 1 } });
  });

  it('has a copy loaded again that was loaded before this was known', async () => {
    const { us, eu, deliver } = aLinkedWorld();
    await appendToStream(eu, deposit(7));
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    for (const record of eu.placements.items()) us.placements.replicate(record);
    const late = processOf(us);
    const broken = { ...late, participants: { invoke: () => Promise.reject(new Error('It is broken.')) } };
    await expect(appendToStream(broken, deposit())).rejects.toThrow('It is broken.');
    expect(late.warm.get(STREAM)?.history.seen).toEqual({});
    // What `eu` has written before arrives only now, and nothing is missing any more.
    await deliver();
    await us.placements.put({ region: 'us', revision: 1, entries: { eu: { ...entry, sources: [], lost: [] } } });
    await late.placement.reread();
    await appendToStream(late, { ...deposit(), isNew: true });
    expect((await us.table.loadLog(STREAM, 'us', 0))[0]?.context).toEqual({ eu: 1 });
  });
});
