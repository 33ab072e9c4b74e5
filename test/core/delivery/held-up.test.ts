import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handleMessages, type MessagePorts } from '../../../core/index.ts';
import { WAITING_MS } from '../../../core/limits/budgets.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import { aSubscriber, bodyAt, idAt, waits } from './subscribe-fixture.ts';

/** A subscriber that sends what it was held up with to its queue again. */
function aSubscriberWithQueue(of: Partial<MessagePorts<string>> = {}) {
  const sent: DelayedMessage[] = [];
  const waiting: MessagePorts<string>['waiting'] = {
    send: async (messages) => {
      sent.push(...messages);
      return messages.map(() => undefined);
    },
  };
  return { ...aSubscriber({ waiting, ...of }), sent };
}

describe('an event that waits for its predecessor', () => {
  it('uses up no receive: its message is sent again, and looked at after six minutes', async () => {
    const { journal, runtime, take, sent } = aSubscriberWithQueue();
    expect(await take(bodyAt(3), bodyAt(2))).toEqual([undefined, undefined]);
    expect(sent.map(({ body }) => body).sort()).toEqual([bodyAt(2), bodyAt(3)].sort());
    expect(new Set(sent.map(({ delay }) => delay))).toEqual(new Set([WAITING_MS]));
    expect(runtime.metrics.get('HeldUp')).toBe(2);

    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2), idAt(3)]);
    // The messages that were sent again are duplicates now.
    expect(await take(bodyAt(2), bodyAt(3))).toEqual([undefined, undefined]);
    expect(sent).toHaveLength(2);
    expect(journal).toHaveLength(3);
  });

  it('reports how long it has waited, from the first time on', async () => {
    const { runtime, take } = aSubscriberWithQueue();
    await take(bodyAt(2));
    expect(runtime.metrics.get('WaitingAge')).toBe(0);
    runtime.advance(5000);
    await take(bodyAt(2));
    expect(runtime.metrics.get('WaitingAge')).toBe(5000);
  });

  it('is looked at by the first of its messages, however many copies of that arrive meanwhile', async () => {
    const { journal, runtime, take, sent } = aSubscriberWithQueue();
    expect(await take(bodyAt(2), bodyAt(2))).toEqual([undefined, undefined]);
    runtime.advance(1000);
    expect(await take(bodyAt(2))).toEqual([undefined]);
    expect(sent).toHaveLength(1);
    runtime.advance(WAITING_MS - 1000);
    expect(await take(bodyAt(2), bodyAt(2), bodyAt(2))).toEqual([undefined, undefined, undefined]);
    expect(sent).toHaveLength(2);
    await take(bodyAt(1));
    expect(journal).toEqual([idAt(1), idAt(2)]);
  });

  it('has a message at any time, and in the end one, whatever happens to answers, functions and clocks', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('answer lost', 'refused', 'died before it was sent', 'copied', 'clock off'), {
          maxLength: 12,
        }),
        fc.array(fc.nat({ max: 600_000 }), { maxLength: 12 }),
        async (faults, copies) => {
          const { runtime, ports } = aSubscriber();
          const begun = runtime.now();
          let queue = [0, 100, ...copies].map((delay) => ({ at: begun + delay }));
          const looks: number[] = [];
          const deliverNext = async (fault: string | undefined) => {
            queue = queue.sort((a, b) => a.at - b.at);
            const next = queue.shift() ?? expect.fail('no message is left');
            runtime.advance(Math.max(0, next.at - runtime.now()));
            looks.push(runtime.now());
            const redelivered = () => queue.push({ at: next.at + WAITING_MS });
            if (fault === 'copied') queue.push({ at: next.at + 500 });
            const send = async ([message]: readonly DelayedMessage[]) => {
              if (fault === 'died before it was sent') throw new Error('died');
              if (fault === 'refused') return ['Throttled'];
              queue.push({ at: runtime.now() + (message?.delay ?? 0) });
              if (fault === 'answer lost') throw new Error('no answer');
              return [undefined];
            };
            const off = fault === 'clock off' ? -60_000 : 0;
            const clock = { ...runtime, now: () => runtime.now() + off };
            const [why] = await handleMessages({ ...ports, runtime: clock, waiting: { send } }, [bodyAt(2)]);
            if (why !== undefined) redelivered();
          };
          for (const fault of faults) {
            await deliverNext(fault);
            expect(queue.length).toBeGreaterThan(0);
          }
          // Without faults, each copy is looked at at most twice more.
          for (let i = 0; i < 60; i++) await deliverNext(undefined);
          expect(queue).toHaveLength(1);
          const last = looks.slice(-3);
          expect([(last[1] ?? 0) - (last[0] ?? 0), (last[2] ?? 0) - (last[1] ?? 0)]).toEqual([WAITING_MS, WAITING_MS]);
        },
      ),
    );
  });

  it('is kept for as long as it waits, even after weeks', async () => {
    const { journal, runtime, take } = aSubscriberWithQueue();
    for (let day = 0; day < 30; day++) {
      await take(bodyAt(2));
      runtime.advance(24 * 60 * 60_000);
    }
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2)]);
  });

  it('is handled by its own message if the copy of it is gone', async () => {
    const { journal, runtime, take, sent } = aSubscriberWithQueue();
    await take(bodyAt(2));
    runtime.advance(15 * 24 * 60 * 60_000);
    await take(bodyAt(1));
    expect(journal).toEqual([idAt(1)]);
    expect(await take(...sent.map(({ body }) => body))).toEqual([undefined]);
    expect(journal).toEqual([idAt(1), idAt(2)]);
  });

  it('uses up a receive if its predecessor was handled, and it fails itself', async () => {
    const fault = new Error('a fault of the handler');
    const { take, sent } = aSubscriberWithQueue({
      handle: ({ id, meta: { position } }) => {
        if (position === 2) throw fault;
        return [id];
      },
    });
    await take(bodyAt(2));
    expect(await take(bodyAt(1))).toEqual([undefined]);
    expect(await take(...sent.map(({ body }) => body))).toEqual([fault]);
  });

  it.each([
    ['does not accept its message', async () => ['Throttled: later']],
    ['does not respond', () => Promise.reject(new Error('No queue.'))],
  ])('is redelivered if the queue %s', async (_, send) => {
    const { take, runtime } = aSubscriberWithQueue({ waiting: { send } });
    expect(await take(bodyAt(2))).toEqual([waits]);
    expect(runtime.metrics.get('HeldUp')).toBeUndefined();
  });
});

describe('a message that the batch had no time for', () => {
  const slow = (of: Partial<MessagePorts<string>> = {}) => {
    const subscriber = aSubscriberWithQueue({
      handle: ({ id }) => {
        subscriber.runtime.advance(6000);
        return [id];
      },
      ...of,
    });
    return subscriber;
  };

  it('uses up no receive: it is sent again at once', async () => {
    const { journal, take, sent } = slow();
    expect(await take(bodyAt(1), bodyAt(2), bodyAt(3), bodyAt(4))).toEqual(Array(4).fill(undefined));
    expect(sent).toEqual([3, 4].map((position) => ({ body: bodyAt(position), delay: 0 })));
    expect(await take(...sent.map(({ body }) => body))).toEqual([undefined, undefined]);
    expect(journal).toEqual([1, 2, 3, 4].map((position) => idAt(position)));
  });

  it('uses up no receive in a subscriber without a table either', async () => {
    const { ports, runtime, sent } = slow();
    const bodies = [bodyAt(1), bodyAt(2), bodyAt(3)];
    const handle = () => {
      runtime.advance(11_000);
      return [];
    };
    expect(await handleMessages({ ...ports, progress: undefined, handle }, bodies)).toEqual(Array(3).fill(undefined));
    expect(sent).toEqual([2, 3].map((position) => ({ body: bodyAt(position), delay: 0 })));
  });

  it('is, if events are parked behind it, the one that continues with them', async () => {
    const { journal, take, sent } = slow();
    await take(...[2, 3, 4, 5].map((position) => bodyAt(position)));
    sent.splice(0);
    let rounds = 0;
    for (let bodies = [bodyAt(1)]; bodies.length > 0; bodies = sent.splice(0).map(({ body }) => body)) {
      expect(await take(...bodies)).toEqual([undefined]);
      expect(sent.every(({ delay }) => delay === 0)).toBe(true);
      rounds++;
    }
    expect(journal).toEqual([1, 2, 3, 4, 5].map((position) => idAt(position)));
    expect(rounds).toBe(3);
  });
});
