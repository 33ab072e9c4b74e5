import { describe, expect, it } from 'vitest';
import { parseStreamRef } from '../../../core/facts/stream-ref.ts';
import { MeridianError, participateStep, turnStep } from '../../../core/index.ts';
import { coordinateStep } from '../../../core/transaction/coordinate.ts';
import { prepareIntent } from '../../../core/transaction/prepare.ts';
import { resolveMessages } from '../../../core/transaction/resolver.ts';
import { outcomeOf, runTransaction } from '../../../core/transaction/transact.ts';
import { encodeResolverMessage } from '../../../core/wire/resolver.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { adoptFrom, follow } from '../../../core/write/follow.ts';
import { writerOf } from '../../../core/write/home.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import { aLinkedWorld, move, processOf, STREAM } from '../write/moves.ts';
import { aTransaction, drive, inputOf, prepareAll, type Region } from './regions.ts';

const WAIT = 10_000;
const [A, B] = [STREAM, 'account/eu.2'];

/** A transaction whose streams are both at home in `eu`, which drives it. */
function local(of: Record<string, unknown> = {}) {
  const participants = [A, B].map((stream) => ({ stream, command: 'deposit', input: { amount: 5 } }));
  return aTransaction({ participants, ...of }, 'eu');
}

function aCase(options?: Parameters<typeof aLinkedWorld>[0]) {
  const world = aLinkedWorld(options);
  world.streams.add(B);
  return world;
}

/** Prepares a deposit of another transaction in the stream, in a Region. */
function hold(region: Region, transaction: string) {
  return prepareIntent(region, {
    ...{ transaction, attempt: 1, fingerprint: 'digest-of-the-request', meta: {}, remaining: 30_000 },
    participant: { stream: STREAM, operation: command('deposit', { amount: 1 }) },
  });
}

const deposit = () => anAppend({ stream: STREAM, operation: command('deposit', { amount: 1 }) });

describe('a transaction whose streams have moved', () => {
  it('is driven as one of several Regions, if the Region that drives it writes only a part of its streams', async () => {
    const { us, eu, spread } = aCase();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    const transaction = local();
    const outcome = await runTransaction(eu, transaction, WAIT);
    expect(outcome).toMatchObject({ state: 'committed', participants: [{ log: 'us' }, { log: 'us' }] });
    expect(await runTransaction(eu, transaction, WAIT)).toEqual(outcome);
    expect(await outcomeOf(us, transaction.id)).toEqual(outcome);
    expect(eu.machine.started).toHaveLength(1);
    expect(await eu.table.findDecision(transaction.id)).toMatchObject({ attempt: 0, final: false });
  });

  it('takes that path again after its streams have come back', async () => {
    const { us, eu, spread } = aCase({ drives: false });
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    const transaction = local();
    expect(await runTransaction(eu, transaction, 100)).toMatchObject({ state: 'undecided' });
    await move(us, { acting: 'eu', sources: ['eu', 'us'] });
    await spread();
    expect(await runTransaction(eu, transaction, 100)).toMatchObject({ state: 'undecided' });
    expect(eu.machine.started).toHaveLength(2);
    const [input] = eu.machine.started;
    if (input) await drive(eu, input);
    expect(await runTransaction(processOf(eu), transaction, WAIT)).toMatchObject({
      state: 'committed',
      participants: [{ log: 'eu' }, { log: 'eu' }],
    });
  });

  it('keeps the outcome that it had before they moved', async () => {
    const { us, eu, spread } = aCase();
    const transaction = local();
    const outcome = await runTransaction(eu, transaction, WAIT);
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    expect(await runTransaction(us, transaction, WAIT)).toEqual(outcome);
    expect(eu.machine.started).toEqual([]);
  });

  it('goes that way too if it learns of the move while it runs in one Region', async () => {
    const { us, eu, deliver } = aCase();
    const late = processOf(eu);
    await appendToStream(late, deposit());
    await move(eu, { acting: 'us', sources: ['eu'] });
    await deliver();
    await submitAppend(us, deposit());
    expect(late.placement.isFresh).toBe(true);
    expect(await runTransaction(late, local(), WAIT)).toMatchObject({ state: 'committed' });
    expect(eu.machine.started).toHaveLength(1);
  });

  it('is ended by the resolver if its state machine never runs', async () => {
    const { eu, spread } = aCase({ drives: false });
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    const transaction = local();
    await runTransaction(eu, transaction, 100);
    eu.runtime.advance(60_000);
    const { id, fingerprint } = transaction;
    const message = encodeResolverMessage({ kind: 'attempt', transaction: id, attempt: 1, fingerprint });
    expect(await resolveMessages(eu, [message])).toEqual([undefined]);
    expect(await runTransaction(eu, transaction, 100)).toMatchObject({ state: 'aborted' });
  });

  it('is another attempt if a prepare reaches a Region that does not act any more', async () => {
    const { us, eu, spread } = aCase();
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    const [participant] = local().participants;
    if (!participant) throw new Error('There is no participant.');
    await spread();
    const asked = { transaction: 'eu:t', attempt: 1, fingerprint: 'f', meta: {}, remaining: 9000, participant };
    expect(await prepareIntent(eu, asked)).toEqual({ kind: 'busy', stream: A });
    expect(await participateStep(us, { step: 'prepare', ...asked, placement: { eu: entry } })).toMatchObject({
      kind: 'prepared',
      region: 'us',
    });
  });

  it('never lists an intent of a lost Region', async () => {
    const { us, cut } = aCase();
    const transaction = aTransaction({}, 'us');
    await appendToStream(us, anAppend({ stream: 'account/us.1', operation: command('deposit', { amount: 10 }) }));
    const input = inputOf(transaction, us);
    const answers = await prepareAll(us, input, 1);
    expect(answers).toMatchObject([{ kind: 'prepared' }, { kind: 'prepared', region: 'eu' }]);
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    const { id, fingerprint, deadline, timeout } = input;
    const asked = { step: 'decide', transaction: id, attempt: 1, fingerprint, deadline, timeout, answers };
    expect(await coordinateStep(us, asked)).toMatchObject({ state: 'aborted', final: false, turns: [STREAM] });
    const { placement: _placement, ...without } = us;
    expect(await coordinateStep(without, { ...asked, attempt: 2 })).toMatchObject({ state: 'committed' });
  });
});

describe('a transaction with a stream of a Region that is lost for another type only', () => {
  it('is committed', async () => {
    const { us } = aCase();
    const transaction = aTransaction({}, 'us');
    await appendToStream(us, anAppend({ stream: 'account/us.1', operation: command('deposit', { amount: 10 }) }));
    const input = inputOf(transaction, us);
    const answers = await prepareAll(us, input, 1);
    const { entry } = await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    await us.placements.put({ region: 'us', revision: 2, entries: { 'eu/stock': entry } });
    us.runtime.advance(3000);
    const { id, fingerprint, deadline, timeout } = input;
    const asked = { step: 'decide', transaction: id, attempt: 1, fingerprint, deadline, timeout, answers };
    expect(await coordinateStep(us, asked)).toMatchObject({ state: 'committed' });
  });
});

describe('an undecided transaction in a stream whose home moves', () => {
  it('is ended by the former home before it seals its log', async () => {
    const { us, eu, spread } = aCase();
    await hold(eu, 'ap:slow');
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { eu: 2, us: 1 } });
    expect((await eu.table.loadLog(STREAM, 'eu', 0)).map(({ tx }) => tx?.state)).toEqual(['aborted', undefined]);
  });

  it('keeps the stream where it is for as long as it cannot be ended', async () => {
    const { us, eu, cut, spread } = aCase({ strong: false });
    await hold(eu, 'ap:slow');
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    cut.add('ap');
    await expect(submitAppend(us, deposit())).rejects.toMatchObject({ code: 'home-moving' });
    expect(await eu.table.load(STREAM)).toHaveLength(1);
  });

  it('is decided before the Region that acts writes after a forced move', async () => {
    const { us, eu, cut, spread } = aCase();
    await hold(eu, 'ap:slow');
    await spread();
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
    // Its item is written by no other Region.
    expect((await us.table.loadLog(STREAM, 'eu', 0))[0]?.tx?.state).toBe('prepared');
  });

  it('counts as it was read if its item is not there when it is looked at again', async () => {
    const { us, eu, cut, spread } = aCase();
    await hold(eu, 'ap:slow');
    await spread();
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    const events = { ...us.events, at: async () => undefined };
    expect(await appendToStream({ ...us, events }, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
  });

  it('is left out if only the lost Region could decide it', async () => {
    const { us, eu, cut, spread } = aCase({ strong: false });
    await hold(eu, 'eu:slow');
    await spread();
    cut.add('eu');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    expect(await submitAppend(us, deposit())).toMatchObject({ version: { us: 1 } });
  });

  it('holds it up if its decision may still be found elsewhere', async () => {
    const { us, eu, cut, spread } = aCase({ strong: false });
    await hold(eu, 'ap:slow');
    await spread();
    cut.add('eu').add('ap');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    await expect(submitAppend(us, deposit())).rejects.toMatchObject({ code: 'stream-busy' });
    // No mark is put on an item of another Region either.
    expect(await hold(us, 'us:mine')).toMatchObject({ kind: 'busy' });
    expect((await us.table.loadLog(STREAM, 'eu', 0))[0]?.tx).not.toHaveProperty('next');
  });

  it('counts as its stored state says', async () => {
    const { us, eu, cut, spread } = aCase({ strong: false });
    await hold(eu, 'ap:slow');
    await spread();
    // This process has the intent in memory as it was.
    await expect(appendToStream(us, deposit())).rejects.toMatchObject({ code: 'misdirected' });
    const key = { stream: STREAM, log: 'eu', position: 1, commitId: 'ap:slow#1' };
    cut.add('ap');
    await move(us, { acting: 'us', sources: ['eu'], kind: 'forced', lost: ['eu'] });
    us.runtime.advance(3000);
    const { at } = us.table;
    const events = {
      ...us.events,
      at: async (stream: string, log: string, position: number) => {
        if (log === 'eu') await us.table.finalise(key, 'aborted').catch(() => undefined);
        return at(stream, log, position);
      },
    };
    expect(await appendToStream({ ...us, events }, deposit())).toMatchObject({ version: { eu: 1, us: 1 } });
  });
});

describe('the seal of a log', () => {
  it('is refused to a Region that does not act, or by one that is no source', async () => {
    const { us, eu, spread } = aCase();
    const { entry: older } = await move(eu, { acting: 'us', sources: ['eu'] });
    const { entry } = await move(eu, { acting: 'ap', sources: ['eu', 'us'] });
    await spread();
    await eu.placement.reread();
    const ask = (region: Region, placement: object) => participateStep(region, { step: 'seal', stream: A, placement });
    expect(await ask(eu, { eu: older })).toMatchObject({
      kind: 'unsealed',
      problem: { code: 'misdirected', home: 'ap' },
    });
    expect(await ask(eu, {})).toMatchObject({ problem: { code: 'misdirected' } });
    expect(await ask(us, { eu: { ...entry, sources: ['eu'] } })).toMatchObject({ problem: { code: 'misdirected' } });
    expect(await ask(eu, { eu: entry })).toEqual({ kind: 'sealed', log: 'eu', position: 1 });
    expect(await ask(processOf(eu), { eu: entry })).toEqual({ kind: 'sealed', log: 'eu', position: 1 });
    // A process that does not know the newer entry meets its seal.
    const { placement: _placement, ...late } = processOf(eu);
    expect(await participateStep(late, { step: 'seal', stream: A, placement: { eu: older } })).toMatchObject({
      problem: { code: 'misdirected' },
    });
  });

  it('is asked for again if the source knows a newer entry than the Region that asks', async () => {
    const { us, eu, spread } = aCase();
    await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    await us.placement.reread();
    const { entry } = await move(us, { acting: 'ap', sources: ['eu', 'us'] });
    eu.placement.adopt({ eu: entry });
    await expect(appendToStream(us, deposit())).rejects.toMatchObject({ code: 'misdirected' });
  });

  it('takes the next position if an append was faster, and gives up if others always are', async () => {
    const { eu, spread } = aCase();
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    await spread();
    let races = 1;
    const late = processOf(eu);
    const events = {
      ...eu.events,
      put: async (commit: Parameters<typeof eu.table.put>[0]) => {
        if (races-- > 0) await eu.table.put({ ...commit, commitId: `other-${commit.position}`, hlc: commit.hlc });
        return eu.table.put(commit);
      },
    };
    const racing = { ...late, events };
    const ask = () => participateStep(racing, { step: 'seal', stream: A, placement: { eu: entry } });
    expect(await ask()).toEqual({ kind: 'sealed', log: 'eu', position: 2 });
    races = Number.POSITIVE_INFINITY;
    const next = { ...entry, epoch: 2 };
    expect(await participateStep(racing, { step: 'seal', stream: A, placement: { eu: next } })).toMatchObject({
      kind: 'unsealed',
      problem: { code: 'stream-busy' },
    });
  });
});

describe('a turn', () => {
  it('is waited for in the Region that acts, which learns of that from the one that asks', async () => {
    const { us, eu, calls, spread } = aCase();
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    eu.runtime.advance(3000);
    const asked = { step: 'turn', transaction: 'eu:t', attempt: 1, stream: A, deadline: eu.runtime.now() + 5000 };
    await turnStep(eu, { ...asked, timeout: 5000 }).catch(() => undefined);
    expect(calls.find(({ region }) => region === 'us')?.asked).toMatchObject({
      step: 'turn',
      placement: { eu: entry },
    });
    await spread();
    expect(us.placement.known).toEqual({ eu: entry });
  });
});

describe('an answer that names no entry', () => {
  it('is not worth another attempt', async () => {
    const { us } = aCase();
    const refused = (details: object, code = 'misdirected') =>
      new MeridianError({ code, status: 421 }, 'No.', { details: { ...details } });
    const stream = parseStreamRef(A);
    const writer = await writerOf(us, stream);
    const pin = { key: { forced: 0, number: 1, by: 'eu' }, to: 'ap', log: 'eu', position: 1 };
    for (const details of [{ placement: {} }, { pin }, { placement: {}, pin }])
      expect(await follow(us, stream, writer, refused(details))).toBe(true);
    expect(us.placement.pinOf(A)).toEqual(pin);
    const odd = [
      refused({}),
      refused({ placement: 'odd' }),
      refused({ pin: 'odd' }),
      refused({ pin }, 'internal'),
      'odd',
    ];
    for (const error of odd) expect(await follow(us, stream, writer, error)).toBe(false);
    const { placement: _placement, ...old } = us;
    expect(adoptFrom(old, A, refused({ placement: {} }))).toBe(false);
  });
});

describe('a function that does not read the placement', () => {
  it('writes at home, unless its log is sealed', async () => {
    const { eu } = aCase();
    const { placement: _placement, ...old } = eu;
    await appendToStream(old, deposit());
    const { entry } = await move(eu, { acting: 'us', sources: ['eu'] });
    await participateStep(eu, { step: 'seal', stream: A, placement: { eu: entry } });
    await expect(appendToStream(old, deposit())).rejects.toMatchObject({ code: 'home-moving' });
  });
});
