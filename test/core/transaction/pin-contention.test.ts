import { describe, expect, it } from 'vitest';
import { participateStep } from '../../../core/index.ts';
import { turnStep } from '../../../core/transaction/turn.ts';
import { moveStream } from '../../../core/write/pin.ts';
import { command } from '../a-region.ts';
import { aLinkedWorld, processOf, STREAM } from '../write/moves.ts';

/** A prepare as another Region passes it on. */
function prepare(transaction: string) {
  return {
    ...{ step: 'prepare', transaction, attempt: 1, fingerprint: 'f', meta: {}, remaining: 2000, began: 0 },
    participant: { stream: STREAM, operation: command('deposit', { amount: 1 }) },
  };
}

/** A stream that has moved from `eu` to `us`, as every Region's table has it. */
async function aMovedStream() {
  const world = aLinkedWorld();
  await moveStream(world.eu, { stream: STREAM, to: 'us', dryRun: false });
  await world.deliver();
  world.calls.splice(0);
  return { ...world, regions: () => world.calls.splice(0).map(({ region }) => region) };
}

describe('transactions that contend for a stream whose home has moved', () => {
  it('take the way over its first home once', async () => {
    const { ap, regions } = await aMovedStream();
    const late = processOf(ap);
    expect(await participateStep(late, prepare('ap:t'))).toMatchObject({ kind: 'prepared', region: 'us' });
    expect(regions()).toEqual(['eu', 'us']);
    expect(await participateStep(late, prepare('ap:t'))).toMatchObject({ kind: 'prepared', region: 'us' });
    expect(regions()).toEqual(['us']);
  });

  it('do not need its first home after one of them was busy', async () => {
    const { us, ap, cut, regions } = await aMovedStream();
    expect(await participateStep(us, prepare('us:holder'))).toMatchObject({ kind: 'prepared' });
    cut.add('eu');
    const late = processOf(ap);
    expect(await participateStep(late, prepare('ap:t'))).toMatchObject({ kind: 'busy' });
    regions();
    expect(await participateStep(late, prepare('ap:t'))).toMatchObject({ kind: 'prepared', region: 'us' });
    expect(regions()).toEqual(['us']);
  });

  it('wait for their turn in its new home, even if the first one does not respond', async () => {
    const { eu, ap, us, cut, regions } = await aMovedStream();
    const turn = { step: 'turn', transaction: 'ap:t', stream: STREAM, attempt: 1, remaining: 9000, began: 0 };
    cut.add('eu');
    expect(await turnStep(processOf(ap), turn)).toEqual({ kind: 'turn' });
    expect(regions().at(-1)).toBe('us');
    cut.add('us');
    await expect(turnStep(processOf(ap), turn)).rejects.toMatchObject({ code: 'region-unreachable' });
    cut.clear();
    expect(await turnStep(processOf(eu), turn)).toEqual({ kind: 'turn' });
    expect(us.placement.pinOf(STREAM)).toMatchObject({ to: 'us' });
  });
});
