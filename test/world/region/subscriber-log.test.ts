import { describe, expect, it } from 'vitest';
import { type SubscriberFunctions, subscriber } from '../../../lambdas/index.ts';
import { aWorld } from '../a-world.ts';

type Details = Readonly<Record<string, unknown>>;

/** A world whose only subscriber has these functions, and what it logs. */
function aLoggedWorld(functions: SubscriberFunctions) {
  const warned: Details[] = [];
  const deadLetters: Details[] = [];
  const log = {
    info: () => undefined,
    warn: (_message: string, details: Details) => warned.push(details),
    error: (_message: string, details: Details) => deadLetters.push(details),
  };
  const mailer = {
    entry: '/not/loaded.ts',
    streamTypes: ['note'],
    runsIn: 'us-west-2',
    outcomes: true,
    handler: subscriber(functions),
  };
  return { ...aWorld({ telemetry: { log, middlewares: [] }, subscribers: { mailer } }), warned, deadLetters };
}

describe('the log of a subscriber in a world', () => {
  it('names the subscriber and the Region of each failure, and logs each dead letter once, with its last failure', async () => {
    let calls = 0;
    const { settle, write, warned, deadLetters } = aLoggedWorld({
      handle: ({ stream }) => {
        if (stream === 'note/bad') throw new Error(`failure ${++calls}`);
      },
    });
    await write('us-east-1', 'one', 'note/bad', 'red');
    await write('us-east-1', 'two', 'note/good', 'red');
    await settle();
    const whose = { subscriber: 'mailer', region: 'us-west-2' };
    expect(warned).toHaveLength(calls);
    expect(warned[0]).toMatchObject({ ...whose, about: 'Noted of note/bad', error: new Error('failure 1') });
    expect(deadLetters).toEqual([
      { ...whose, id: warned[0]?.id, deadLetter: 'Noted of note/bad', error: new Error(`failure ${calls}`) },
    ]);
  });

  it('does not log an event that was handled after a failure as a dead letter', async () => {
    let calls = 0;
    const { settle, write, warned, deadLetters } = aLoggedWorld({
      handle: () => {
        if (++calls === 1) throw new Error('failure');
      },
    });
    await write('us-east-1', 'one', 'note/a', 'red');
    await settle();
    expect([calls, warned.length, deadLetters]).toEqual([2, 1, []]);
  });

  it('names the transaction of an outcome that becomes a dead letter', async () => {
    const { settle, call, deadLetters } = aLoggedWorld({ handle: () => undefined });
    const participants = [0, 1].map((stock) => ({ stream: `stock/${stock}`, command: 'take', input: 'one' }));
    await call('us-east-1', 'POST', '/transactions', { body: { id: 'us-east-1:one', participants } });
    await settle();
    expect(deadLetters).toMatchObject([
      { deadLetter: 'TransactionCommitted of us-east-1:one', error: expect.stringContaining('no function `outcome`') },
    ]);
  });

  it('reports that a dead letter cannot be read if it contains no readable event', async () => {
    const { world, settle, deadLetters } = aLoggedWorld({ handle: () => undefined });
    await world
      .region('us-west-2')
      .bus.put([{ source: 'meridian.note', detailType: 'Noted', detail: '{"id":"none"}' }]);
    await settle();
    expect(deadLetters).toMatchObject([{ deadLetter: 'a message that cannot be read', error: expect.any(Error) }]);
  });
});
