import { describe, expect, it } from 'vitest';
import { participateStep, ThrottledError } from '../../../core/index.ts';
import { aTransaction, aWorld, inputOf, prepareAll, prepareOne } from './regions.ts';

function aCase() {
  const world = aWorld();
  return {
    ...world,
    input: inputOf(
      aTransaction({ participants: [{ stream: 'account/eu.1', command: 'deposit', input: { amount: 5 } }] }),
      world.us,
    ),
  };
}

describe('a participant', () => {
  it('gets one call, in the home of its stream, which has the remaining time instead of a deadline', async () => {
    const { us, eu, input, calls } = aCase();
    eu.runtime.advance(-3_600_000);
    us.runtime.advance(1000);
    expect(await prepareAll(us, input, 1)).toMatchObject([{ kind: 'prepared', log: 'eu', position: 1 }]);
    expect(calls).toMatchObject([{ region: 'eu', asked: { step: 'prepare', remaining: 29_000 } }]);
    expect(calls[0]?.asked).not.toHaveProperty('deadline');
    expect((await eu.table.load('account/eu.1'))[0]?.tx?.deadline).toBe(eu.runtime.now() + 29_000);
    expect(us.events.calls).toEqual([]);
  });

  it('makes its intent final in the home of its stream, however often it is called', async () => {
    const { us, eu, input, calls } = aCase();
    await prepareAll(us, input, 1);
    const intent = { stream: 'account/eu.1', log: 'eu', position: 1, commitId: `${input.id}#1`, state: 'committed' };
    for (let i = 0; i < 2; i++)
      expect(await participateStep(us, { step: 'finalise', intent })).toEqual({ kind: 'finalised' });
    expect((await eu.table.load('account/eu.1'))[0]?.tx?.state).toBe('committed');
    expect(calls.filter(({ asked }) => JSON.stringify(asked).includes('finalise'))).toHaveLength(2);
    await expect(participateStep(us, { step: 'finalise', intent: { ...intent, state: 'aborted' } })).rejects.toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
  });

  it('makes its intent final in the Region that wrote it, wherever its stream has its home now', async () => {
    const { us, eu, ap, input, calls } = aCase();
    await prepareAll(us, input, 1);
    const stream = 'account/eu.1';
    const intent = { stream, region: 'eu', log: 'eu', position: 1, commitId: `${input.id}#1`, state: 'committed' };
    const moved = { ...ap, regions: ['us', 'ap'] };
    expect(await participateStep(moved, { step: 'finalise', intent })).toEqual({ kind: 'finalised' });
    expect((await eu.table.load(stream))[0]?.tx?.state).toBe('committed');
    expect(calls.at(-1)).toMatchObject({ region: 'eu', asked: { step: 'finalise' } });
  });

  it('holds its stream for at most the timeout of the transaction, even if the clock of the driving Region jumps back', async () => {
    const { us, eu, input } = aCase();
    us.runtime.advance(-2 * 3_600_000);
    await prepareAll(us, input, 1);
    expect((await eu.table.load('account/eu.1'))[0]?.tx?.deadline).toBe(eu.runtime.now() + 30_000);
  });

  it('can be prepared by a state machine of older code, which does not send the timeout', async () => {
    const { us, eu, input } = aCase();
    const [participant] = input.participants;
    const { id: transaction, fingerprint, deadline, meta } = input;
    const asked = { step: 'prepare', transaction, attempt: 1, fingerprint, deadline, meta, participant };
    expect(await participateStep(us, asked)).toMatchObject({ kind: 'prepared' });
    expect((await eu.table.load('account/eu.1'))[0]?.tx?.deadline).toBe(eu.runtime.now() + 30_000);
  });

  it('finalises nothing in a stream without a home, which has no intents', async () => {
    const { us, calls } = aCase();
    const intent = { stream: 'note/n', log: 'us', position: 1, commitId: 'us:a#1', state: 'aborted' };
    await expect(participateStep(us, { step: 'finalise', intent })).rejects.toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
    expect(calls).toEqual([]);
  });

  it('throws if the home is unreachable, so that it can be called again', async () => {
    const { us, input, cut } = aCase();
    cut.add('eu');
    const [participant] = input.participants;
    if (!participant) expect.fail();
    expect(await prepareOne(us, input, 1, participant)).toEqual({ kind: 'unreachable', stream: 'account/eu.1' });
  });

  it('is busy if the home has no instance free for it, so that another attempt may follow', async () => {
    const { us, input } = aCase();
    const invoke = async () => {
      throw new ThrottledError('Rate exceeded.');
    };
    expect(await prepareAll({ ...us, participants: { invoke } }, input, 1)).toEqual([
      { kind: 'busy', stream: 'account/eu.1' },
    ]);
  });

  it.each([undefined, {}, { step: 'dance' }, { step: 'prepare' }, { step: 'finalise', intent: {} }])(
    'refuses %j',
    async (asked) => {
      await expect(participateStep(aCase().us, asked)).rejects.toThrow();
    },
  );

  it.each([undefined, {}, { kind: 'decision' }])(
    'does not accept %j as a response of another Region',
    async (answer) => {
      const { us, input } = aCase();
      const deaf = { ...us, participants: { invoke: async () => answer } };
      expect(await prepareAll(deaf, input, 1)).toMatchObject([{ kind: 'unreachable' }]);
    },
  );
});
