import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { subscriber } from '../../lambdas/index.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import { aWorld } from './a-world.ts';

const REGION = 'us-east-1';
const HOUR = 60 * 60_000;
const bodySchema = z.object({ source: z.string(), 'detail-type': z.string(), detail: z.unknown() });

/** A subscriber that fails on one text while it is `broken`, and 60 good events behind one with that text. */
async function aWorldWithABadEvent(reorders: boolean) {
  const state = { broken: true };
  // Two instances may call the function for the same event.
  const handled = new Set<number>();
  const w = aWorld({
    regions: [REGION, 'us-west-2'],
    reorders,
    telemetry: silentTelemetry,
    subscribers: {
      journal: {
        entry: '/not/loaded.ts',
        streamTypes: ['note'],
        runsIn: REGION,
        handler: subscriber({
          handle: ({ data, meta }) => {
            if (state.broken && z.object({ text: z.string() }).parse(data).text === 'bad') throw new Error('a bug');
            handled.add(meta.position);
            return [{ key: 'all', sums: { handled: 1 } }];
          },
        }),
      },
    },
  });
  await w.write(REGION, 'bad', 'note/1', 'bad');
  for (let i = 0; i < 60; i++) await w.write(REGION, `good-${i}`, 'note/1', 'good');
  const region = w.world.region(REGION);
  return {
    ...w,
    state,
    handled: () => [...handled],
    deadLetters: () => region.deadLettersOf('journal').bodies,
    sums: () => region.sumsOf('journal').get('all'),
    redrive: async () => {
      for (const body of region.deadLettersOf('journal').bodies.splice(0)) {
        const { source, 'detail-type': detailType, detail } = bodySchema.parse(JSON.parse(body));
        await region.bus.put([{ source, detailType, detail: JSON.stringify(detail) }]);
      }
    },
  };
}

const inOrder = Array.from({ length: 61 }, (_, i) => i + 1);

describe.each([false, true])('60 events behind one that a subscriber cannot handle (reordered: %s)', (reorders) => {
  it('are handled in order when that one is redriven after hours: it alone is in the dead-letter queue', async () => {
    const w = await aWorldWithABadEvent(reorders);
    await w.settle();
    await w.scheduler.run(6 * HOUR);
    expect(w.deadLetters()).toEqual([expect.stringContaining('"bad"')]);
    expect(w.handled()).toEqual([]);
    expect(w.world.region(REGION).counts.metrics.get('WaitingAge')).toBeGreaterThan(HOUR);

    w.state.broken = false;
    await w.redrive();
    await w.settle();
    await w.scheduler.run(HOUR);
    expect(w.handled()).toEqual(inOrder);
    expect(w.sums()).toEqual({ handled: 61 });
    expect(w.deadLetters()).toEqual([]);
  });

  it('are handled in order when the function is fixed while that one is still retried', async () => {
    const w = await aWorldWithABadEvent(reorders);
    await w.scheduler.run(HOUR / 2);
    expect(w.handled()).toEqual([]);
    w.state.broken = false;
    await w.settle();
    expect(w.handled()).toEqual(inOrder);
    expect(w.sums()).toEqual({ handled: 61 });
    await w.scheduler.run(HOUR);
    expect(w.deadLetters()).toEqual([]);
  });
});
