import { describe, expect, it } from 'vitest';
import { participateStep } from '../../../core/index.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import type { Region } from '../transaction/regions.ts';
import { aLinkedWorld, move, processOf, STREAM } from './moves.ts';

const deposit = (amount = 1) => anAppend({ stream: STREAM, operation: command('deposit', { amount }) });

/** The ids of the commits of a log in a Region's table, without those that a test gave no name. */
async function idsIn(region: Region, log: string): Promise<readonly string[]> {
  const commits = await region.table.loadLog(STREAM, log, 0);
  return commits.map(({ commitId }) => (commitId.startsWith('seal:') ? commitId : 'commit'));
}

describe('a home that moves as planned', () => {
  it('is written by the Region that acts, after the one before has sealed its log', async () => {
    const { us, eu, calls } = aLinkedWorld();
    await submitAppend(eu, deposit(7));
    await move(eu, { acting: 'us', sources: ['eu'] });
    eu.runtime.advance(3000);
    const done = await submitAppend(us, deposit());
    expect(done).toMatchObject({ dot: { log: 'us', position: 1 }, version: { eu: 2, us: 1 } });
    expect(await idsIn(eu, 'eu')).toEqual(['commit', 'seal:0.1.eu:us']);
    expect((await us.table.loadLog(STREAM, 'us', 0))[0]?.context).toEqual({ eu: 2 });
    // The former home said where the stream is written now, and sealed its log once.
    expect(calls.map(({ asked }) => Object.keys(Object(asked)).includes('step'))).toEqual([false, true]);
    await submitAppend(us, deposit());
    expect(calls).toHaveLength(2);
  });

  it('routes to the Region that acts, from every Region, also from the former home', async () => {
    const { us, eu, ap, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    for (const from of [eu, ap, us]) expect(await submitAppend(from, deposit())).toMatchObject({ dot: { log: 'us' } });
  });

  it('has a stream without commits sealed too', async () => {
    const { us, eu, spread } = aLinkedWorld();
    const { key } = await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await submitAppend(us, deposit());
    expect(key.epoch).toBe(1);
    expect(await idsIn(eu, 'eu')).toEqual(['seal:0.1.eu:us']);
  });

  it('lets no writer of an older entry append after the seal', async () => {
    const { us, eu, deliver } = aLinkedWorld();
    const late = processOf(eu);
    await appendToStream(late, deposit());
    await move(eu, { acting: 'us', sources: ['eu'] });
    await deliver();
    await submitAppend(us, deposit());
    // Its placement was read a moment ago, and its copy of the stream lacks the seal.
    expect(late.placement.isFresh).toBe(true);
    await expect(appendToStream(late, deposit())).rejects.toMatchObject({ code: 'misdirected' });
    expect(await submitAppend(processOf(eu), deposit())).toMatchObject({ dot: { log: 'us', position: 2 } });
    expect(await idsIn(eu, 'eu')).toEqual(['commit', 'seal:0.1.eu:us']);
  });

  it('refuses nothing on what it knew before the seal', async () => {
    const { us, eu, deliver } = aLinkedWorld();
    const late = processOf(eu);
    await appendToStream(late, deposit(5));
    await move(eu, { acting: 'us', sources: ['eu'] });
    await deliver();
    await submitAppend(us, deposit(10));
    const withdrawal = anAppend({ stream: STREAM, operation: command('withdraw', { amount: 12 }) });
    await expect(appendToStream(late, withdrawal)).rejects.toMatchObject({ code: 'misdirected' });
    expect(await submitAppend(eu, withdrawal)).toMatchObject({ dot: { log: 'us', position: 2 } });
  });

  it('waits for a former home that does not respond, and says that it moves', async () => {
    const { us, eu, cut, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    cut.add('eu');
    await expect(submitAppend(us, deposit())).rejects.toMatchObject({ code: 'home-moving', retryable: true });
    expect(await us.table.load(STREAM)).toEqual([]);
    cut.delete('eu');
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'us', position: 1 } });
  });

  it('says so where the function cannot ask for seals', async () => {
    const { us, eu, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    const { participants: _participants, ...without } = us;
    await expect(appendToStream(without, deposit())).rejects.toMatchObject({ code: 'home-moving' });
  });

  it('comes back, with what the other Region wrote meanwhile', async () => {
    const { us, eu, spread } = aLinkedWorld();
    await submitAppend(eu, deposit(1));
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await submitAppend(us, deposit(2));
    await move(us, { acting: 'eu', sources: ['eu', 'us'] });
    await spread();
    // This process has its copy of the stream from before.
    const back = await submitAppend(eu, deposit(3));
    expect(back).toMatchObject({ version: { eu: 3, us: 2 } });
    await expect(appendToStream(us, deposit())).rejects.toMatchObject({ code: 'misdirected' });
    expect(await idsIn(eu, 'us')).toEqual(['commit', 'seal:0.2.us:eu']);
  });

  it('moves on through a Region that has not written in between, of which no stream is left behind', async () => {
    const { us, eu, ap, spread } = aLinkedWorld();
    await submitAppend(eu, deposit(1));
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await move(us, { acting: 'ap', sources: ['eu', 'us'] });
    await spread();
    expect(await submitAppend(eu, deposit(2))).toMatchObject({ dot: { log: 'ap', position: 1 } });
    expect([await idsIn(ap, 'eu'), await idsIn(ap, 'us')]).toEqual([['commit', 'seal:0.2.us:ap'], ['seal:0.2.us:ap']]);
  });

  it('does not take a seal that names another Region, or is for an older entry', async () => {
    const { us, eu, ap, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await submitAppend(us, deposit());
    await move(us, { acting: 'ap', sources: ['eu', 'us'] });
    await spread();
    await submitAppend(ap, deposit());
    await move(ap, { acting: 'us', sources: ['eu', 'us', 'ap'] });
    await spread();
    await submitAppend(us, deposit());
    expect(await idsIn(us, 'eu')).toEqual(['seal:0.1.eu:us', 'seal:0.2.us:ap', 'seal:0.3.ap:us']);
  });

  it('does not take the seal of an earlier move to the same Region', async () => {
    const { us, eu, spread, deliver } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await submitAppend(us, deposit(1));
    await move(us, { acting: 'eu', sources: ['eu', 'us'] });
    await spread();
    await submitAppend(eu, deposit(2));
    // What it wrote arrives later than the entry by which it hands the stream over again.
    const { entry } = await move(eu, { acting: 'us', sources: ['eu', 'us'] });
    us.placement.adopt({ eu: entry });
    us.runtime.advance(-1);
    expect(await appendToStream(us, deposit(3))).toMatchObject({ version: { eu: 3, us: 3 } });
    await deliver();
    expect(await idsIn(us, 'eu')).toEqual(['seal:0.1.eu:us', 'commit', 'seal:0.3.eu:us']);
  });

  it('does not take a seal whose log depends on what has not arrived', async () => {
    const { us, eu, ap, cut, spread } = aLinkedWorld();
    await move(eu, { acting: 'ap', sources: ['eu'] });
    await spread();
    cut.add('us');
    await submitAppend(ap, deposit(5));
    await move(ap, { acting: 'eu', sources: ['eu', 'ap'] });
    await spread();
    await submitAppend(eu, deposit(1));
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    await participateStep(processOf(eu), { step: 'seal', stream: STREAM, placement: { eu: entry } });
    for (const commit of await eu.table.loadLog(STREAM, 'eu', 0)) us.table.replicate(commit);
    us.placement.adopt({ eu: entry });
    await expect(appendToStream(us, deposit())).rejects.toMatchObject({ code: 'home-moving' });
    cut.delete('us');
    expect(await appendToStream(us, deposit())).toMatchObject({ version: { ap: 2, eu: 3, us: 1 } });
  });

  it('is read again if a log is sealed for an entry that has not arrived, until it does', async () => {
    const { us, eu, ap, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await submitAppend(us, deposit());
    const { entry } = await move(us, { acting: 'ap', sources: ['eu', 'us'] });
    // Only the Region that acts has the newest entry, and another process there has it sealed.
    await participateStep(processOf(us), { step: 'seal', stream: STREAM, placement: { eu: entry } });
    const late = { ...processOf(us), placements: us.placements };
    late.placement.adopt({});
    await expect(appendToStream(late, deposit())).rejects.toMatchObject({ code: 'misdirected' });
    await spread();
    expect(await submitAppend(ap, deposit())).toMatchObject({ dot: { log: 'ap' } });
  });
});

describe('a home of which one type moves', () => {
  it('is written by the Region that acts for the type, and elsewhere at home', async () => {
    const { us, eu, ap } = aLinkedWorld();
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    for (const region of [us, eu, ap]) region.placement.adopt({ eu: entry, 'eu/account': { ...entry, acting: 'ap' } });
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'ap', position: 1 } });
  });
});

describe('a failure of a service', () => {
  it('that is not one of a move ends the append', async () => {
    const { us, eu, spread } = aLinkedWorld();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    const participants = { invoke: async () => ({ odd: true }) };
    await expect(appendToStream({ ...us, participants }, deposit())).rejects.toThrow('invalid_union');
  });
});

describe('a home that is forced to move', () => {
  it('is written without the lost Region', async () => {
    const { us, eu, cut, spread } = aLinkedWorld();
    await submitAppend(eu, deposit(7));
    await spread();
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
  });

  it('counts before a planned move of the same epoch, which the lost Region made', async () => {
    const { us, eu, ap, cut, spread } = aLinkedWorld();
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    await move(eu, { acting: 'ap', sources: ['eu'] });
    await submitAppend(us, deposit());
    cut.delete('eu');
    await spread();
    expect(await submitAppend(ap, deposit())).toMatchObject({ dot: { log: 'us', position: 2 } });
    expect(await submitAppend(eu, deposit())).toMatchObject({ dot: { log: 'us', position: 3 } });
  });

  it('shows what the lost Region had acknowledged as concurrent, once it is back', async () => {
    const { us, eu, cut, spread } = aLinkedWorld();
    cut.add('eu');
    await submitAppend(eu, deposit(7));
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { us: 1 } });
    cut.delete('eu');
    await spread();
    expect(await submitAppend(eu, deposit())).toMatchObject({ version: { eu: 1, us: 2 } });
  });
});
