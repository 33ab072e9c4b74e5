import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import type { DelayedMessage } from '../../../core/ports/delayed-queue.ts';
import { triggersByStream } from '../../../core/view/trigger.ts';
import { waitForQuorum } from '../../../core/view/without-quorum.ts';
import { parseProjectionMessage } from '../../../core/wire/projection.ts';
import { fakeRuntime } from '../../runtime.ts';

const quorum = new MeridianError('quorum-unreachable', 'No majority.', { retryable: true });
const other = new MeridianError('unavailable', 'Slow.', { retryable: true });

function aQueue(refuses = false) {
  const sent: DelayedMessage[] = [];
  return {
    sent,
    send: async (messages: readonly DelayedMessage[]) => {
      sent.push(...messages);
      return messages.map(() => (refuses ? 'refused' : undefined));
    },
  };
}

function triggersOf(count: number) {
  return triggersByStream(
    Array.from({ length: count }, (_, i) => [1, 2].map((position) => ({ stream: `till/${i}`, position }))).flatMap(
      (each) => each.map((of) => ({ ...of, log: 'global', inTable: true })),
    ),
  );
}

describe('strong streams that cannot be read', () => {
  it('go back into the queue as new messages, one commit of each, and are not failures', async () => {
    const [queue, runtime] = [aQueue(), fakeRuntime()];
    const failed = new Map<string, unknown>([
      ...Array.from({ length: 51 }, (_, i) => [`till/${i}`, quorum] as const),
      ['note/a', other],
    ]);
    const left = await waitForQuorum({ runtime, ahead: queue }, triggersOf(51), failed);
    expect([...left]).toEqual([['note/a', other]]);
    expect(queue.sent.map(({ delay }) => delay)).toEqual([60_000, 60_000]);
    const messages = queue.sent.map(({ body }) => parseProjectionMessage(body));
    expect(messages.map((message) => ('keys' in message ? message.keys.length : 0))).toEqual([50, 1]);
    expect(messages[1]).toEqual({ keys: [{ stream: 'till/50', log: 'global', position: 1 }] });
    expect(runtime.metrics.get('QuorumMissing')).toBe(51);
  });

  it('stay failures if the queue does not take them, or there is none', async () => {
    const failed = new Map<string, unknown>([
      ['till/0', quorum],
      ['till/9', quorum],
    ]);
    const runtime = fakeRuntime();
    expect(await waitForQuorum({ runtime, ahead: aQueue(true) }, triggersOf(1), failed)).toEqual(failed);
    expect(await waitForQuorum({ runtime }, triggersOf(1), failed)).toBe(failed);
    expect(await waitForQuorum({ runtime, ahead: aQueue() }, triggersOf(1), new Map([['a', other]]))).toEqual(
      new Map([['a', other]]),
    );
  });
});
