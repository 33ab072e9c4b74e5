import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../core/wire/bus-event.ts';
import { makeHandler } from '../../../lambdas/subscriber/handler.ts';
import { aCommit } from '../../contract/commits.ts';
import { memoryTally } from '../../contract/tally.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry, sqsEvent } from '../invocation.ts';

function aTally() {
  const { progress, all } = memoryTally();
  const telemetry = recordedTelemetry();
  const handler = makeHandler({ from: 'beginning', progress, runtime: fakeRuntime(), telemetry });
  return {
    all,
    lines: telemetry.lines,
    take: async (...bodies: readonly string[]) =>
      (await handler(sqsEvent(bodies), context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
  };
}

function bodiesOf(position: number, ...events: readonly (readonly [type: string, data: unknown])[]): readonly string[] {
  return entriesOf(aCommit({ position, events: events.map(([type, data]) => ({ type, schemaVersion: 1, data })) })).map(
    ({ detailType, detail }) => JSON.stringify({ 'detail-type': detailType, detail: JSON.parse(detail) }),
  );
}

describe('the example subscriber', () => {
  it("tallies the airports' reports, each once, and passes over other events", async () => {
    const { take, all, lines } = aTally();
    const first = bodiesOf(
      1,
      ['Departed', { airport: 'LAX', delay: 3 }],
      ['Renamed', {}],
      ['Arrived', { airport: 'BNA' }],
    );
    const second = bodiesOf(2, ['Departed', { airport: 'LAX', delay: 4 }]);

    expect(await take(...second, ...first, ...first)).toEqual([]);
    expect(await take(...second)).toEqual([]);

    expect(Object.fromEntries(all)).toEqual({ LAX: { Departed: 2 }, BNA: { Arrived: 1 } });
    expect(lines).toEqual([]);
  });

  it('has delivered again what it cannot read, what it cannot handle, and what waits, and says so', async () => {
    const { take, all, lines } = aTally();
    const failed = await take(
      'not JSON',
      ...bodiesOf(1, ['Departed', { airport: 'LAX' }]),
      ...bodiesOf(2, ['Departed', { airport: 7 }]),
      ...bodiesOf(3, ['Departed', { airport: 'LAX' }]),
    );
    expect(failed).toEqual(['message-0', 'message-2', 'message-3']);
    expect(Object.fromEntries(all)).toEqual({ LAX: { Departed: 1 } });
    expect(lines.map(({ message }) => message)).toEqual(Array.from(failed, () => 'Will be redelivered'));
  });
});
