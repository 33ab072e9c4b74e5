import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import type { Commit, ResolvePorts } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/resolver/handler.ts';
import { anIntent } from '../../contract/commits.ts';
import { aBusyAttempt, aDecision } from '../../contract/decisions.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry, sqsEvent } from '../invocation.ts';
import { unreachable } from '../transaction-ports.ts';

async function aResolver(intents: readonly Commit[], ports: Partial<ResolvePorts> = {}) {
  const events = memoryEventStore();
  for (const intent of intents) await events.put(intent);
  const decisions = memoryDecisions({ strong: true });
  const telemetry = recordedTelemetry();
  const handler = makeHandler({ region: 'us-east-1', events, decisions, runtime: fakeRuntime(), telemetry, ...ports });
  return {
    events,
    decisions,
    lines: telemetry.lines,
    resolve: async (bodies: readonly string[]) =>
      (await handler(sqsEvent(bodies), context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    states: async (stream: string) => (await events.load(stream)).map(({ tx }) => tx?.state),
  };
}

const now = fakeRuntime().now();
const [past, future] = [now - 1, now + 60_000];
function intentOf(stream: string, deadline: number, transaction = `us-east-1:${stream.slice(6)}`): Commit {
  return anIntent({ stream, position: 1, commitId: `${transaction}#1`, tx: { state: 'prepared', deadline } });
}
function messageOf({ stream, log, position, commitId: attemptId }: Commit): string {
  return JSON.stringify({ kind: 'intent', stream, log, position, attemptId });
}

describe('resolver', () => {
  it('makes an intent final as it was decided, and aborts an intent without a decision past its deadline', async () => {
    const [decided, over] = [intentOf('stock/a', past), intentOf('stock/b', past)];
    const { resolve, decisions, states, lines } = await aResolver([decided, over]);
    const { stream, log, position } = decided;
    await decisions.put(
      aDecision({ transaction: 'us-east-1:a', participants: [{ stream, log, position, version: {} }] }),
    );

    expect(await resolve([messageOf(decided), messageOf(over)])).toEqual([]);
    expect(await resolve([messageOf(decided), messageOf(over)])).toEqual([]);

    expect(await states('stock/a')).toEqual(['committed']);
    expect(await states('stock/b')).toEqual(['aborted']);
    expect(await decisions.attempts('us-east-1:b')).toMatchObject([{ state: 'aborted', final: true }]);
    expect(lines).toEqual([]);
  });

  it('ends a transaction whose next attempt never came', async () => {
    const runtime = fakeRuntime();
    runtime.advance(60_000);
    const { resolve, decisions } = await aResolver([], { runtime });
    const busy = aBusyAttempt({ transaction: 'us-east-1:a' });
    await decisions.put(busy);
    const message = { kind: 'attempt', transaction: 'us-east-1:a', attempt: 2, fingerprint: busy.fingerprint };

    expect(await resolve([JSON.stringify(message)])).toEqual([]);

    expect(await decisions.find('us-east-1:a', 2)).toMatchObject({ state: 'aborted', final: true });
  });

  it('fails messages that are not due, cannot be read, or need an unreachable Region, and no others', async () => {
    const [open, over, elsewhere] = [
      intentOf('stock/a', future),
      intentOf('stock/b', past),
      intentOf('stock/c', past, 'us-west-2:c'),
    ];
    const { resolve, states, lines } = await aResolver([open, over, elsewhere], {
      decisions: memoryDecisions({ strong: false }),
      participants: unreachable,
    });

    const failed = await resolve([messageOf(open), 'not JSON', '{}', messageOf(elsewhere), messageOf(over)]);

    expect(failed).toEqual(['message-0', 'message-1', 'message-2', 'message-3']);
    expect(await states('stock/a')).toEqual(['prepared']);
    expect(await states('stock/b')).toEqual(['aborted']);
    expect(await states('stock/c')).toEqual(['prepared']);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatchObject({ level: 'warn', details: { why: expect.stringMatching('us-west-2') } });
  });
});
