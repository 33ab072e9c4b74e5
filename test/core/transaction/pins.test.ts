import { describe, expect, it } from 'vitest';
import { participateStep } from '../../../core/index.ts';
import { runTransaction } from '../../../core/transaction/transact.ts';
import { turnStep } from '../../../core/transaction/turn.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { moveStream } from '../../../core/write/pin.ts';
import { submitAppend } from '../../../core/write/submit.ts';
import { anAppend, command } from '../a-region.ts';
import { aLinkedWorld, processOf, STREAM } from '../write/moves.ts';
import { aTransaction, type Region } from './regions.ts';

const WAIT = 10_000;
const [A, B] = [STREAM, 'account/eu.2'];

/** A transaction whose streams are both at home in `eu` by their ids, which drives it. */
function local() {
  const participants = [A, B].map((stream) => ({ stream, command: 'deposit', input: { amount: 5 } }));
  return aTransaction({ participants }, 'eu');
}

function aCase(options?: Parameters<typeof aLinkedWorld>[0]) {
  const world = aLinkedWorld(options);
  world.streams.add(B);
  return world;
}

const pin = (region: Region, to: string) => moveStream(region, { stream: A, to, dryRun: false });
const deposit = () => anAppend({ stream: A, operation: command('deposit', { amount: 1 }) });

/** A prepare as another Region passes it on. */
function prepare(of: object = {}) {
  const [participant] = local().participants;
  return {
    ...{ step: 'prepare', transaction: 'ap:t', attempt: 1, fingerprint: 'f', meta: {}, remaining: 9000, began: 0 },
    ...{ participant, ...of },
  };
}

describe('a transaction on a stream whose home has moved', () => {
  it('is driven as one of several Regions', async () => {
    const { us, eu, deliver } = aCase();
    await pin(eu, 'us');
    await deliver();
    const transaction = local();
    const outcome = await runTransaction(eu, transaction, WAIT);
    expect(outcome).toMatchObject({ state: 'committed', participants: [{ log: 'us' }, { log: 'eu' }] });
    expect(await runTransaction(us, transaction, WAIT)).toEqual(outcome);
    expect(eu.machine.started).toHaveLength(1);
    expect(await eu.table.findDecision(transaction.id)).toMatchObject({ attempt: 0, final: false });
  });

  it('goes that way too if the pin is met while it runs in one Region', async () => {
    const { us, eu } = aCase();
    const late = processOf(eu);
    await appendToStream(late, deposit());
    await pin(eu, 'us');
    await submitAppend(us, deposit());
    expect(late.placement.pinOf(A)).toBeUndefined();
    expect(await runTransaction(late, local(), WAIT)).toMatchObject({ state: 'committed' });
    expect(late.placement.pinOf(A)).toMatchObject({ to: 'us' });
  });

  it('runs in one Region again once the stream has come home', async () => {
    const { us, eu } = aCase();
    await pin(eu, 'us');
    await pin(us, 'eu');
    await submitAppend(eu, deposit());
    expect(await runTransaction(eu, local(), WAIT)).toMatchObject({
      state: 'committed',
      participants: [{ log: 'eu' }, {}],
    });
    expect(eu.machine.started).toEqual([]);
  });

  it('is prepared in its home by the Region that the prepare reaches, if that meets the pin', async () => {
    const { us, eu, ap, calls } = aCase();
    await pin(eu, 'us');
    const late = processOf(ap);
    expect(await participateStep(late, prepare())).toMatchObject({ kind: 'prepared', region: 'us' });
    expect(calls.filter(({ asked }) => Object(asked).step === 'prepare').map(({ region }) => region)).toEqual([
      'eu',
      'us',
    ]);
    // The Region that it names prepares it itself.
    expect(await participateStep(us, prepare())).toMatchObject({ kind: 'prepared', region: 'us' });
  });

  it('is prepared without its first home, if that does not respond', async () => {
    const { us, eu, ap, cut, deliver } = aCase();
    await pin(eu, 'us');
    await deliver();
    cut.add('eu');
    expect(await participateStep(processOf(ap), prepare())).toMatchObject({ kind: 'prepared', region: 'us' });
    expect(await participateStep(processOf(us), prepare())).toMatchObject({ kind: 'prepared', region: 'us' });
  });

  it('is another attempt while the pin has not arrived, and then goes by what is known', async () => {
    const { eu, ap, us, cut } = aCase();
    await pin(eu, 'us');
    cut.add('eu');
    ap.placement.adoptPin(A, { key: { forced: 0, number: 1, by: 'eu' }, to: 'us', log: 'eu', position: 1 });
    expect(await participateStep(ap, prepare({ remaining: 30_000 }))).toEqual({ kind: 'busy', stream: A });
    expect([ap.placement.pinOf(A), us.placement.pinOf(A)]).toEqual([undefined, undefined]);
  });

  it('is prepared in its home by a Region that meets the pin only now', async () => {
    const { us, eu } = aCase();
    const late = processOf(eu);
    await pin(eu, 'us');
    expect(await participateStep(late, prepare())).toMatchObject({ kind: 'prepared', region: 'us' });
    expect(us.placement.pinOf(A)).toMatchObject({ to: 'us' });
  });

  it('is busy where another transaction holds it after it has come home', async () => {
    const { us, eu } = aCase();
    const late = processOf(eu);
    await pin(eu, 'us');
    await pin(us, 'eu');
    await submitAppend(eu, deposit());
    expect(await participateStep(eu, prepare({ transaction: 'eu:holder' }))).toMatchObject({ kind: 'prepared' });
    expect(await participateStep(late, prepare({ remaining: 300 }))).toEqual({ kind: 'busy', stream: A });
  });

  it('is busy where another transaction holds the stream, also without a pin', async () => {
    const { eu } = aCase();
    expect(await participateStep(eu, prepare({ transaction: 'eu:holder' }))).toMatchObject({ kind: 'prepared' });
    expect(await participateStep(eu, prepare({ remaining: 300 }))).toEqual({ kind: 'busy', stream: A });
  });

  it('waits for its turn where the stream is written', async () => {
    const { us, eu } = aCase();
    await pin(eu, 'us');
    const turn = { step: 'turn', transaction: 'us:t', stream: A, attempt: 1, remaining: 9000, began: 0 };
    const late = processOf(eu);
    await expect(turnStep(late, turn)).resolves.toEqual({ kind: 'turn' });
    expect(us.placement.pinOf(A)).toMatchObject({ to: 'us' });
  });
});

describe('the step pin of a participant', () => {
  it('moves the home of a stream that is written there, and says where it is written otherwise', async () => {
    const { us, eu } = aCase();
    const asked = { step: 'pin', stream: A, to: 'us' };
    expect(await participateStep(eu, asked)).toMatchObject({ kind: 'pinned', moved: true });
    expect(await participateStep(eu, asked)).toMatchObject({
      kind: 'unpinned',
      problem: { code: 'misdirected', home: 'us', pin: { to: 'us' } },
    });
    const known = eu.placement.pinOf(A);
    expect(await participateStep(us, { ...asked, pin: known })).toMatchObject({ kind: 'pinned', moved: false });
  });
});
