import { describe, expect, it } from 'vitest';
import { MeridianError, participateStep } from '../../../core/index.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { moveStream, pinStream } from '../../../core/write/pin.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import type { Region } from '../transaction/regions.ts';
import { aLinkedWorld, move, processOf, STREAM } from './moves.ts';

const deposit = (amount = 1) => anAppend({ stream: STREAM, operation: command('deposit', { amount }) });

function pin(region: Region, to?: string, dryRun = false) {
  return moveStream(region, { stream: STREAM, to, dryRun });
}

/** The ids of the commits of a log in a Region's table, without those that a test gave no name. */
async function idsIn(region: Region, log: string): Promise<readonly string[]> {
  const commits = await region.table.loadLog(STREAM, log, 0);
  return commits.map(({ commitId }) => (/^(seal|pin):/.test(commitId) ? commitId : 'commit'));
}

describe('the home of one stream', () => {
  it('moves: the Region that writes the stream puts a pin that covers all before, and another one goes on', async () => {
    const { us, eu, ap } = aLinkedWorld();
    await submitAppend(eu, deposit(7));
    expect(await pin(ap, 'us')).toEqual({
      ...{ stream: STREAM, home: 'us', writtenIn: 'eu', willBeWrittenIn: 'us', moved: true },
      pin: { key: { forced: 0, number: 1, by: 'eu' }, to: 'us', log: 'eu', position: 2 },
    });
    for (const from of [us, eu, ap]) expect(await submitAppend(from, deposit())).toMatchObject({ dot: { log: 'us' } });
    expect(await idsIn(eu, 'eu')).toEqual(['commit', 'pin:0.1.eu:us']);
    expect((await us.table.loadLog(STREAM, 'us', 0))[0]?.context).toEqual({ eu: 2 });
  });

  it('costs a process one redirect, and no request for a stream that has no pin', async () => {
    const { us, eu, ap, calls } = aLinkedWorld();
    await submitAppend(ap, deposit());
    expect(calls.splice(0)).toHaveLength(1);
    await pin(eu, 'us');
    await submitAppend(ap, deposit());
    expect(calls.splice(0).map(({ region }) => region)).toEqual(['eu', 'us']);
    await submitAppend(ap, deposit());
    await submitAppend(us, deposit());
    expect(calls.map(({ region }) => region)).toEqual(['us']);
  });

  it('moves without a commit in the stream', async () => {
    const { us, eu } = aLinkedWorld();
    await pin(us, 'us');
    expect(await submitAppend(eu, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
  });

  it('moves once, however often it is asked for', async () => {
    const { us, eu, ap, deliver } = aLinkedWorld();
    const first = await pin(eu, 'us');
    await deliver();
    for (const region of [eu, us, ap]) expect(await pin(region, 'us')).toMatchObject({ moved: false, pin: first.pin });
    expect(await idsIn(eu, 'eu')).toEqual(['pin:0.1.eu:us']);
  });

  it('does not move to where it is', async () => {
    const { us, eu } = aLinkedWorld();
    expect(await pin(us, 'eu')).toEqual({
      ...{ stream: STREAM, home: 'eu', writtenIn: 'eu', willBeWrittenIn: 'eu', moved: false },
    });
    expect(await eu.table.load(STREAM)).toEqual([]);
  });

  it('comes home, and goes on through a Region that has not written in between', async () => {
    const { us, eu, ap } = aLinkedWorld();
    await pin(us, 'us');
    await pin(us, 'ap');
    await pin(ap);
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { eu: 2, us: 1, ap: 1 } });
    expect([await idsIn(eu, 'us'), await idsIn(eu, 'ap')]).toEqual([['pin:0.2.us:ap'], ['pin:0.3.ap:eu']]);
  });

  it('is only looked at in a dry run', async () => {
    const { us, eu } = aLinkedWorld();
    expect(await pin(us, 'ap', true)).toMatchObject({ home: 'ap', writtenIn: 'eu', moved: true });
    expect(await eu.table.load(STREAM)).toEqual([]);
  });

  it('goes where the last of two moves at once takes it', async () => {
    const { us, eu, ap } = aLinkedWorld();
    await Promise.all([pin(processOf(eu), 'us'), pin(processOf(eu), 'ap')]);
    const done = await submitAppend(eu, deposit());
    const [first, second] = [await idsIn(eu, 'eu'), [...(await idsIn(eu, 'us')), ...(await idsIn(eu, 'ap'))]];
    expect(first).toHaveLength(1);
    expect(second.filter((id) => id !== 'commit')).toHaveLength(1);
    for (const from of [us, ap])
      expect(await submitAppend(from, deposit())).toMatchObject({ dot: { log: done.dot?.log } });
  });

  it('lets no writer with an older copy append, or refuse, after the pin', async () => {
    const { us, eu } = aLinkedWorld();
    const late = processOf(eu);
    await appendToStream(late, deposit(5));
    await pin(eu, 'us');
    await submitAppend(us, deposit(10));
    await expect(appendToStream(late, deposit())).rejects.toMatchObject({
      code: 'misdirected',
      details: { home: 'us' },
    });
    const withdrawal = anAppend({ stream: STREAM, operation: command('withdraw', { amount: 12 }) });
    await expect(appendToStream(late, withdrawal)).rejects.toMatchObject({ code: 'misdirected' });
    expect(await submitAppend(late, withdrawal)).toMatchObject({ dot: { log: 'us' } });
  });

  it('is not answered from an older copy', async () => {
    const { us, eu } = aLinkedWorld();
    const late = processOf(eu);
    await appendToStream(late, deposit());
    await pin(eu, 'us');
    await pin(us, 'ap');
    expect(await pin(late, 'eu')).toMatchObject({ moved: true, writtenIn: 'ap' });
  });

  it('returns what was committed before under the same id', async () => {
    const { us, eu } = aLinkedWorld();
    const asked = deposit();
    const done = await submitAppend(eu, asked);
    await pin(eu, 'us');
    expect(await submitAppend(us, asked)).toMatchObject({ dot: done.dot });
  });

  it.each([
    [{ stream: STREAM, to: 'mars' }, 'to'],
    [{ stream: 'note/n', to: 'us' }, 'stream'],
  ])('does not move to a Region that does not exist, nor that of a stream without a home: %j', async (asked, path) => {
    const { us } = aLinkedWorld();
    const refused = { code: 'validation', details: { faults: [{ path }] } };
    await expect(moveStream(us, { ...asked, dryRun: false })).rejects.toMatchObject(refused);
    await expect(pinStream(us, { ...asked, dryRun: false })).rejects.toMatchObject(refused);
  });
});

describe('the move of the home of a stream', () => {
  const hold = (region: Region, remaining: number) =>
    prepareIntent(region, {
      ...{ transaction: 'ap:slow', attempt: 1, fingerprint: 'f', meta: {}, remaining },
      participant: { stream: STREAM, operation: command('deposit', { amount: 1 }) },
    });

  it('waits for a transaction that holds the stream, and is refused while that is undecided', async () => {
    const { eu, cut } = aLinkedWorld({ strong: false });
    await hold(eu, 60_000);
    cut.add('ap');
    await expect(pin(eu, 'us')).rejects.toMatchObject({ code: 'stream-busy', retryable: true });
    expect(await idsIn(eu, 'eu')).toEqual(['commit']);
    cut.delete('ap');
    eu.runtime.advance(120_000);
    expect(await pin(eu, 'us')).toMatchObject({ moved: true, pin: { position: 2 } });
  });

  it('is refused, with what to do, if the Region that writes the stream does not respond', async () => {
    const { us, eu, cut } = aLinkedWorld();
    cut.add('eu');
    await expect(pin(us, 'us')).rejects.toMatchObject({
      code: 'region-unreachable',
      message: expect.stringContaining('meridian failover eu'),
    });
    expect(await eu.table.load(STREAM)).toEqual([]);
  });

  it('is refused as unavailable by a function that asks no other Region', async () => {
    const { us } = aLinkedWorld();
    const { participants: _participants, ...alone } = us;
    await expect(pin(alone as Region, 'us')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is refused by a function whose clock is far ahead', async () => {
    const { eu } = aLinkedWorld();
    eu.runtime.ahead = 3_600_000;
    await expect(pin(eu, 'us')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is possible before the table of the placement is deployed, and then followed by no process', async () => {
    const { eu, us } = aLinkedWorld();
    const { placement: _placement, ...old } = eu;
    expect(await pinStream(old, { stream: STREAM, to: 'us', dryRun: false })).toMatchObject({ willBeWrittenIn: 'us' });
    await expect(submitAppend(old, deposit())).rejects.toMatchObject({ code: 'misdirected', details: { home: 'us' } });
    const { placement: _other, ...elsewhere } = us;
    await expect(submitAppend(elsewhere, deposit())).rejects.toMatchObject({ code: 'misdirected' });
  });

  it('takes the place of no other commit', async () => {
    const { us, eu } = aLinkedWorld();
    let races = 0;
    const { put } = eu.table;
    const late = {
      ...processOf(eu),
      events: {
        ...eu.events,
        put: async (commit: Parameters<typeof put>[0]) => {
          if (races++ === 0) await appendToStream(eu, deposit(3));
          return eu.table.put(commit);
        },
      },
    };
    expect(await pin(late, 'us')).toMatchObject({ pin: { position: 2 } });
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { eu: 2, us: 1 } });
  });

  it('is busy if others win every race', async () => {
    const { eu } = aLinkedWorld();
    const raced = {
      ...processOf(eu),
      events: {
        ...eu.events,
        put: async (commit: Parameters<typeof eu.table.put>[0]) => {
          await appendToStream(eu, deposit());
          return eu.table.put(commit);
        },
      },
    };
    await expect(pin(raced, 'us')).rejects.toMatchObject({ code: 'stream-busy' });
  });
});

describe('a stream with a pin', () => {
  it('does not need its first home: a Region finds the pin in its own copy', async () => {
    const { us, eu, ap, cut, deliver } = aLinkedWorld();
    await submitAppend(eu, deposit(7));
    await pin(eu, 'us');
    await deliver();
    cut.add('eu');
    expect(await submitAppend(ap, deposit())).toMatchObject({ dot: { log: 'us' } });
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'us' } });
    await pin(processOf(us), 'ap');
    expect(await submitAppend(processOf(ap), deposit())).toMatchObject({ dot: { log: 'ap' } });
  });

  it('has nothing to find where it has none, or cannot be read', async () => {
    const { us, cut } = aLinkedWorld();
    cut.add('eu');
    const unreadable = {
      ...us,
      events: {
        ...us.events,
        load: () => Promise.reject(new MeridianError('unavailable', 'No.', { retryable: true })),
      },
    };
    const ticket = anAppend({ stream: 'note/n' });
    const { placement: _placement, ...old } = us;
    for (const region of [us, unreadable, old])
      await expect(submitAppend(region, deposit())).rejects.toMatchObject({ code: 'region-unreachable' });
    expect(await submitAppend(us, { ...ticket, operation: anAppend().operation })).toMatchObject({ stream: 'note/n' });
  });

  it('is written under the pin only where that has arrived', async () => {
    const { us, eu, ap, cut } = aLinkedWorld();
    await pin(eu, 'us');
    cut.add('eu');
    const answer = { key: { forced: 0, number: 1, by: 'eu' }, to: 'us', log: 'eu', position: 1 };
    ap.placement.adoptPin(STREAM, answer);
    // The home waits for it, and then everyone goes by what is known.
    await expect(submitAppend(ap, deposit())).rejects.toMatchObject({ code: 'home-moving', retryable: true });
    expect([ap.placement.pinOf(STREAM), us.placement.pinOf(STREAM)]).toEqual([undefined, undefined]);
    expect(await us.table.load(STREAM)).toEqual([]);
    cut.delete('eu');
    expect(await submitAppend(ap, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
  });

  it('is not written for a pin that this Region should have put itself', async () => {
    const { eu } = aLinkedWorld();
    const lost = { key: { forced: 0, number: 1, by: 'eu' }, to: 'eu', log: 'eu', position: 5 };
    eu.placement.adoptPin(STREAM, lost);
    await expect(appendToStream(eu, deposit())).rejects.toMatchObject({ code: 'home-moving' });
    expect(await appendToStream(eu, deposit())).toMatchObject({ dot: { position: 1 } });
  });

  it('goes by its newest pin, whatever older one arrives or is remembered', async () => {
    const { us, eu, ap } = aLinkedWorld();
    await pin(eu, 'us');
    const older = ap.placement;
    await submitAppend(ap, deposit());
    await pin(us, 'ap');
    expect(older.pinOf(STREAM)).toMatchObject({ to: 'us' });
    expect(await submitAppend(ap, deposit())).toMatchObject({ dot: { log: 'ap' } });
    expect(older.adoptPin(STREAM, { key: { forced: 0, number: 1, by: 'eu' }, to: 'us', log: 'eu', position: 1 })).toBe(
      false,
    );
    expect(older.pinOf(STREAM)).toMatchObject({ to: 'ap' });
  });
});

describe('a pin and the moves of what Regions write', () => {
  it('follows the home that it names', async () => {
    const { us, eu, ap, spread } = aLinkedWorld();
    await pin(eu, 'us');
    await spread();
    // All that is at home in `eu` moves: this stream is not.
    await move(eu, { acting: 'ap', sources: ['eu'] });
    await spread();
    expect(await submitAppend(eu, deposit())).toMatchObject({ dot: { log: 'us' } });
    const us2ap = {
      forced: 0,
      epoch: 9,
      by: 'us',
      kind: 'planned',
      acting: 'ap',
      sources: ['us'],
      lost: [],
      at: 0,
    } as const;
    await us.placements.put({ region: 'us', revision: 1, entries: { us: us2ap } });
    await spread();
    expect(await submitAppend(eu, deposit())).toMatchObject({ dot: { log: 'ap' } });
    expect(await idsIn(ap, 'us')).toEqual(['commit', 'seal:0.9.us:ap:0.1.eu']);
    expect(await pin(eu)).toMatchObject({ home: 'eu', writtenIn: 'ap', willBeWrittenIn: 'ap', moved: true });
  });

  it('is put by the Region that acts, whose forced move counts before older pins', async () => {
    const { us, eu, ap, cut, deliver, spread } = aLinkedWorld();
    await submitAppend(eu, deposit(7));
    await deliver();
    cut.add('eu');
    // The lost Region moves it, and no other one knows.
    await pin(eu, 'ap');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    await spread();
    expect(await pin(ap, 'ap')).toMatchObject({ pin: { key: { forced: 1, number: 1, by: 'us' } } });
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'ap' } });
    expect(await pin(us, 'us')).toMatchObject({ pin: { key: { forced: 1, number: 2, by: 'ap' } } });
    cut.delete('eu');
    await spread();
    for (const from of [us, eu, ap]) expect(await submitAppend(from, deposit())).toMatchObject({ dot: { log: 'us' } });
  });

  it('has a log sealed again for the home that it names, whatever was sealed before', async () => {
    const { us, eu, ap, spread } = aLinkedWorld();
    // `ap` has sealed its log for the way back, and is the home of the stream after that.
    await move(eu, { acting: 'ap', sources: ['eu'] });
    await spread();
    await submitAppend(ap, deposit());
    await move(ap, { acting: 'eu', sources: ['eu', 'ap'] });
    await spread();
    await submitAppend(eu, deposit());
    await pin(us, 'ap');
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'ap' } });
    expect(await idsIn(ap, 'ap')).toEqual(['commit', 'seal:0.2.ap:eu', 'commit']);
  });

  it('is not put by a Region that has handed the stream over', async () => {
    const { us, eu, deliver } = aLinkedWorld();
    const early = processOf(eu);
    await appendToStream(early, deposit());
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    await participateStep(eu, { step: 'seal', stream: STREAM, placement: { eu: entry } });
    await expect(pinStream(early, { stream: STREAM, to: 'ap', dryRun: false })).rejects.toMatchObject({
      code: 'misdirected',
      details: { home: 'us' },
    });
    await deliver();
    expect(await pin(us, 'ap')).toMatchObject({ writtenIn: 'us', moved: true });
  });

  it('leaves an intent alone that only a Region could decide which was lost before', async () => {
    const { us, eu, ap, cut, spread, deliver } = aLinkedWorld({ strong: false });
    await prepareIntent(eu, {
      ...{ transaction: 'eu:slow', attempt: 1, fingerprint: 'f', meta: {}, remaining: 30_000 },
      participant: { stream: STREAM, operation: command('deposit', { amount: 1 }) },
    });
    await deliver();
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    await spread();
    await pin(us, 'ap');
    const back = {
      forced: 1,
      epoch: 9,
      by: 'ap',
      kind: 'planned',
      acting: 'us',
      sources: ['ap'],
      lost: [],
      at: 0,
    } as const;
    await ap.placements.put({ region: 'ap', revision: 1, entries: { ap: back } });
    await spread();
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'us', position: 2 } });
  });

  it('is known in the answer of a source that has moved the stream since', async () => {
    const { us, eu, ap, deliver } = aLinkedWorld();
    const early = processOf(eu);
    await appendToStream(early, deposit());
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    // This process has read the placement before the move.
    expect(await pinStream(early, { stream: STREAM, to: 'ap', dryRun: false })).toMatchObject({ moved: true });
    const answer = await participateStep(eu, { step: 'seal', stream: STREAM, placement: { eu: entry } });
    expect(answer).toMatchObject({ kind: 'unsealed', problem: { code: 'misdirected', pin: { to: 'ap' } } });
    await deliver();
    us.runtime.advance(3000);
    expect(await submitAppend(us, deposit())).toMatchObject({ dot: { log: 'ap' } });
    expect(await submitAppend(ap, deposit())).toMatchObject({ dot: { log: 'ap' } });
  });
});
