import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { type MemoryLedger, memoryLedger } from '../../../adapters/memory/ledger.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { defineDomain, type ProjectPorts } from '../../../core/index.ts';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { makeHandler } from '../../../lambdas/projection/handler.ts';
import { note, stock, toyDomain, words } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry, sqsEvent } from '../invocation.ts';

function commitOf(stream: string) {
  return aCommit({
    stream,
    context: {},
    events: [{ type: 'Noted', schemaVersion: 1, data: { text: 'red' } }],
  });
}
function keys(...streams: readonly string[]): string {
  return JSON.stringify({ keys: streams.map((stream) => ({ stream, log: 'us-east-1', position: 1 })) });
}

async function aProjector(
  ports: Partial<Omit<ProjectPorts, 'logs'>> & { readonly ledger?: MemoryLedger | undefined } = {},
) {
  const ledger = memoryLedger();
  const events = memoryEventStore();
  const views = memoryViewStore();
  const telemetry = recordedTelemetry();
  for (const stream of ['note/a', 'note/b', 'note/c']) await events.put(commitOf(stream));
  const handler = makeHandler({
    domain: toyDomain,
    region: 'us-east-1',
    regions: ['us-east-1', 'us-west-2'],
    logs: ['us-east-1', 'us-west-2'],
    ledger,
    events,
    decisions: memoryDecisions({ strong: true }),
    views,
    runtime: fakeRuntime(),
    telemetry,
    ...ports,
  });
  return {
    events,
    ledger,
    lines: telemetry.lines,
    project: async (bodies: readonly string[]) =>
      (await handler(sqsEvent(bodies), context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    count: async () => (await views.total('words', 2, 'red'))?.count ?? 0,
  };
}

describe('the ledger', () => {
  it('is brought up to date with the streams that a message names; a message about one that cannot be is redelivered', async () => {
    const { events, project, ledger } = await aProjector();
    const unseen = { ...commitOf('note/a'), log: 'us-west-2', region: 'us-west-2', commitId: 'other', context: {} };
    await events.put({ ...unseen, digest: 'of other events', hlc: '0000000000000001' });
    expect(await project([JSON.stringify({ concurrent: ['note/a', 'note/b'] })])).toEqual([]);
    expect((await ledger.ofStream('note/a')).entries).toMatchObject([{ against: { 'us-west-2': [1] } }]);
    const bodies = ['nothing/a', 'note/b'].map((stream) => JSON.stringify({ concurrent: [stream] }));
    expect(await project(bodies)).toHaveLength(1);
  });

  it('is not kept by an instance with the variables of before: the message is redelivered', async () => {
    const { project } = await aProjector({ ledger: undefined });
    expect(await project([JSON.stringify({ concurrent: ['note/a'] })])).toHaveLength(1);
  });
});

describe('projection', () => {
  it('updates the views for the streams named by messages, each once', async () => {
    const { project, count, lines } = await aProjector();

    expect(await project([keys('note/a', 'note/b'), keys('note/a'), keys('note/c')])).toEqual([]);
    expect(await project([keys('note/c')])).toEqual([]);

    expect(await count()).toBe(3);
    expect(lines).toEqual([]);
  });

  it('ends for an event of a log named __proto__, and projects the other streams', async () => {
    const { project, count } = await aProjector();
    const [entry] = entriesOf({ ...commitOf('note/a'), log: '__proto__' });
    const body = JSON.stringify({ 'detail-type': entry?.detailType, detail: JSON.parse(entry?.detail ?? '') });
    expect(await project([body, keys('note/b', 'note/c')])).toEqual([]);
    expect(await count()).toBe(3);
  });

  it('shows no event of a log that no Region writes, and continues with the stream', async () => {
    const { project, events, count } = await aProjector();
    const forged = aCommit({ ...commitOf('note/a'), log: 'mallory', position: 7, commitId: 'forged' });
    const bodies = entriesOf(forged).map(({ source, detailType, detail }) =>
      JSON.stringify({ source, 'detail-type': detailType, detail: JSON.parse(detail) }),
    );

    expect(await project([keys('note/a'), ...bodies])).toEqual([]);
    expect(await project(bodies)).toEqual([]);
    expect(await count()).toBe(1);

    await events.put({ ...commitOf('note/a'), position: 2, previous: 1, commitId: 'next', hlc: '018f000000000009' });
    expect(await project([JSON.stringify({ keys: [{ stream: 'note/a', log: 'us-east-1', position: 2 }] })])).toEqual(
      [],
    );
    expect(await count()).toBe(2);
  });

  it('fails a message that it cannot read, and only that one', async () => {
    const { project, count, lines } = await aProjector();

    const failed = await project([keys('note/a'), 'not JSON', '{"keys":[{"stream":5}]}', '5', keys('note/b')]);

    expect(failed).toEqual(['message-1', 'message-2', 'message-3']);
    expect(await count()).toBe(2);
    expect(lines).toHaveLength(3);
  });

  it('fails only the messages that name an unreadable stream', async () => {
    const { events } = await aProjector();
    const { project, count } = await aProjector({
      events: {
        ...events,
        load: async (stream) => {
          if (stream === 'note/b') throw new Error('throttled');
          return events.load(stream);
        },
      },
    });

    const failed = await project([keys('note/a'), keys('note/b'), keys('note/c', 'note/b')]);

    expect(failed).toEqual(['message-1', 'message-2']);
    expect(await count()).toBe(2);
  });

  it('ignores a stream type without views', async () => {
    const domain = defineDomain({ streams: [note, stock], views: [words] });
    const { project } = await aProjector({ domain });
    expect(await project([keys('stock/0'), keys('unknown/a')])).toEqual([]);
  });
});
