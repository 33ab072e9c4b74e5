import { describe, expect, it } from 'vitest';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { moveStream } from '../../../core/write/pin.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import type { Region } from '../transaction/regions.ts';
import { aLinkedWorld, move, processOf, STREAM } from './moves.ts';

/** What a move of the home of the stream to a Region would do. */
function lookedAt(region: Region, to: string) {
  return moveStream(region, { stream: STREAM, to, dryRun: true });
}

describe('a dry run of the move of the home of one stream', () => {
  it('does not end the transaction that holds the stream', async () => {
    const { eu, ap } = aLinkedWorld({ strong: false });
    await prepareIntent(eu, {
      ...{ transaction: 'ap:slow', attempt: 1, fingerprint: 'f', meta: {}, remaining: 60_000 },
      participant: { stream: STREAM, operation: command('deposit', { amount: 1 }) },
    });
    expect(await lookedAt(eu, 'us')).toMatchObject({ writtenIn: 'eu', willBeWrittenIn: 'us', moved: true });
    expect(await ap.decisions.attempts('ap:slow')).toEqual([]);
    expect((await eu.table.load(STREAM)).map(({ tx }) => tx?.state)).toEqual(['prepared']);
  });

  it('has no log sealed while a move of what a Region writes is in progress', async () => {
    const { us, eu, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    expect(await lookedAt(eu, 'ap')).toMatchObject({ writtenIn: 'us', willBeWrittenIn: 'ap', moved: true });
    expect([await eu.table.load(STREAM), await us.table.load(STREAM)]).toEqual([[], []]);
  });

  it('waits for a pin that has not arrived', async () => {
    const { us, eu } = aLinkedWorld();
    const { pin } = await moveStream(eu, { stream: STREAM, to: 'us', dryRun: false });
    if (pin) us.placement.adoptPin(STREAM, pin);
    expect(await us.table.load(STREAM)).toEqual([]);
    expect(await lookedAt(us, 'us')).toMatchObject({ writtenIn: 'us', willBeWrittenIn: 'us', moved: false, pin });
  });

  it('reads the placement again where the log is sealed for an entry that is not known yet', async () => {
    const { us, eu, ap, deliver } = aLinkedWorld();
    const early = processOf(eu);
    await submitAppend(early, anAppend({ stream: STREAM, operation: command('deposit', { amount: 1 }) }));
    await move(eu, { acting: 'us', sources: ['eu'] });
    await deliver();
    us.runtime.advance(3000);
    await submitAppend(us, anAppend({ stream: STREAM, operation: command('deposit', { amount: 1 }) }));
    expect(await lookedAt(early, 'ap')).toMatchObject({ writtenIn: 'us' });
    expect(await lookedAt(ap, 'eu')).toMatchObject({ writtenIn: 'us', moved: false });
  });
});
