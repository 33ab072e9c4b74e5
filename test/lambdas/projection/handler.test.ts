import { describe, expect, it } from 'vitest';
import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import type { ProjectPorts } from '../../../core/index.ts';
import { domain } from '../../../domain/index.ts';
import { makeHandler } from '../../../lambdas/projection/handler.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry, sqsEvent } from '../invocation.ts';

function commitOf(stream: string) {
  return aCommit({
    stream,
    context: {},
    events: [{ type: 'Departed', schemaVersion: 1, data: { airport: 'LAX', delay: 1, scheduled: '2001-01-01T06:55' } }],
  });
}
function keys(...streams: readonly string[]): string {
  return JSON.stringify({ keys: streams.map((stream) => ({ stream, log: 'us-east-1', position: 1 })) });
}

async function aProjector(ports: Partial<ProjectPorts> = {}) {
  const events = memoryEventStore();
  const views = memoryViewStore();
  const telemetry = recordedTelemetry();
  for (const stream of ['flight/a', 'flight/b', 'flight/c']) await events.put(commitOf(stream));
  const handler = makeHandler({
    domain,
    region: 'us-east-1',
    events,
    decisions: memoryDecisions({ strong: true }),
    views,
    runtime: fakeRuntime(),
    telemetry,
    ...ports,
  });
  return {
    events,
    lines: telemetry.lines,
    project: async (bodies: readonly string[]) =>
      (await handler(sqsEvent(bodies), context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    departures: async () => (await views.total('airport-delays', 4, 'LAX'))?.departures ?? 0,
  };
}

describe('projection', () => {
  it('brings the views up to date with the streams that messages name, each once', async () => {
    const { project, departures, lines } = await aProjector();

    expect(await project([keys('flight/a', 'flight/b'), keys('flight/a'), keys('flight/c')])).toEqual([]);
    expect(await project([keys('flight/c')])).toEqual([]);

    expect(await departures()).toBe(3);
    expect(lines).toEqual([]);
  });

  it('fails a message that it cannot read, and it alone', async () => {
    const { project, departures, lines } = await aProjector();

    const failed = await project([keys('flight/a'), 'not JSON', '{"keys":[{"stream":5}]}', '5', keys('flight/b')]);

    expect(failed).toEqual(['message-1', 'message-2', 'message-3']);
    expect(await departures()).toBe(2);
    expect(lines).toHaveLength(3);
  });

  it('has every message delivered again that names a stream which cannot be read, and no other', async () => {
    const { events } = await aProjector();
    const { project, departures } = await aProjector({
      events: {
        ...events,
        load: async (stream) => {
          if (stream === 'flight/b') throw new Error('throttled');
          return events.load(stream);
        },
      },
    });

    const failed = await project([keys('flight/a'), keys('flight/b'), keys('flight/c', 'flight/b')]);

    expect(failed).toEqual(['message-1', 'message-2']);
    expect(await departures()).toBe(2);
  });

  it('passes over a stream type that no view is computed from', async () => {
    const { project } = await aProjector();
    expect(await project([keys('seats/a'), keys('unknown/a')])).toEqual([]);
  });
});
