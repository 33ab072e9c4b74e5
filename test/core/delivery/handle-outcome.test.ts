import { describe, expect, it } from 'vitest';
import { handleMessages } from '../../../core/index.ts';
import { announcementOf } from '../../../core/wire/announcement.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';
import { aSubscriber, bodyAt, idAt } from './subscribe-fixture.ts';

/** The body of a queue's message that reports a transaction's outcome. */
function bodyOf(decision: Parameters<typeof announcementOf>[0]): string {
  const { source, detailType, detail } = announcementOf(decision);
  return JSON.stringify({ source, 'detail-type': detailType, detail: JSON.parse(detail) });
}
const committed = bodyOf(aDecision({ transaction: 'us-east-1:a' }));
const aborted = bodyOf(anAbort({ transaction: 'us-east-1:b' }));

describe('the outcome of a transaction', () => {
  it('is handled once, however often it is delivered, and even between events', async () => {
    const { journal, take } = aSubscriber();
    expect(await take(committed, bodyAt(1), aborted, committed)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await take(aborted)).toEqual([undefined]);
    expect([...journal].sort()).toEqual(
      ['TransactionAborted tx/us-east-1:b', 'TransactionCommitted tx/us-east-1:a', idAt(1)].sort(),
    );
  });

  it('is redelivered if the handler fails, and handled on redelivery', async () => {
    let fails = true;
    const { journal, take } = aSubscriber({
      outcome: ({ id }) => {
        if (fails) throw new Error('no connection');
        return [id];
      },
    });
    expect(await take(committed)).toEqual([expect.objectContaining({ message: 'no connection' })]);
    fails = false;
    expect(await take(committed)).toEqual([undefined]);
    expect(journal).toEqual(['tx/us-east-1:a']);
  });

  it('takes effect once if two instances handle it at the same time', async () => {
    const { journal, ports } = aSubscriber();
    const answers = await Promise.all([handleMessages(ports, [committed]), handleMessages(ports, [committed])]);
    expect(answers).toEqual([[undefined], [undefined]]);
    expect(journal).toHaveLength(1);
  });

  it('is redelivered when other instances win the race at every try', async () => {
    const { ports, progress } = aSubscriber();
    const never = { ...progress, advance: async () => false };
    expect(await handleMessages({ ...ports, progress: never }, [committed])).toEqual([
      expect.objectContaining({ code: 'unavailable', retryable: true }),
    ]);
  });

  it('stays in the queue of a subscriber that does not handle outcomes', async () => {
    const { ports } = aSubscriber();
    const { outcome: _, ...eventsOnly } = ports;
    expect(await handleMessages(eventsOnly, [committed])).toEqual([expect.stringContaining('no function `outcome`')]);
  });
});

describe('a subscriber without progress', () => {
  it('handles events and outcomes on every delivery', async () => {
    const seen: string[] = [];
    const { ports, runtime } = aSubscriber();
    const push = ({ id }: { readonly id: string }) => {
      seen.push(id);
      return [];
    };
    const none = { ...ports, progress: undefined, handle: push, outcome: push };
    expect(await handleMessages(none, [bodyAt(2), committed])).toEqual([undefined, undefined]);
    expect(await handleMessages(none, [bodyAt(2)])).toEqual([undefined]);
    expect(seen.sort()).toEqual([idAt(2), idAt(2), 'tx/us-east-1:a'].sort());
    expect(runtime.metrics.get('Handled')).toBe(3);
  });

  it('fails messages that it cannot handle, and those for which the handler returns sums', async () => {
    const { ports } = aSubscriber();
    const failing = {
      ...ports,
      progress: undefined,
      handle: async () => {
        throw new Error('no connection');
      },
    };
    expect(await handleMessages(failing, [bodyAt(1)])).toEqual([expect.objectContaining({ message: 'no connection' })]);
    expect(await handleMessages({ ...ports, progress: undefined }, [bodyAt(1), committed])).toEqual([
      expect.objectContaining({ message: expect.stringContaining("table: 'own'") }),
      expect.objectContaining({ message: expect.stringContaining("table: 'own'") }),
    ]);
  });
});
