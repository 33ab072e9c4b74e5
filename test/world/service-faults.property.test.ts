import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentTelemetry } from '../../world/error-log.ts';
import { sleepOn, VirtualScheduler } from '../../world/time/scheduler.ts';
import type { Fault } from '../../world/weather.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

/** The faults of the services between the functions and their tables, with how often they happen. */
const RATES = {
  'clock.stops': 0.5,
  'invoke.slow': 0.1,
  'invoke.lost': 0.05,
  'client.lost': 0.05,
  'client.answer-lost': 0.05,
  'invoke.answer-lost': 0.1,
  'bus.dropped': 0.2,
  'bus.partial': 0.1,
  'stream.again': 0.2,
  'queue.again': 0.2,
  'queue.refused': 0.1,
  'lambda.any-instance': 0.5,
  'lambda.throttled': 0.05,
  'machine.twice': 0.3,
  'machine.task-twice': 0.3,
  'machine.throttled': 0.2,
  'machine.dies': 0.02,
} as const satisfies Partial<Readonly<Record<Fault, number>>>;

const faults = Object.entries(RATES) as readonly (readonly [Fault, number])[];

/** What happened in all runs. */
const happened = new Map<string, number>();

async function run(seed: number, decisions: 'strong' | 'eventual') {
  const scheduler = new VirtualScheduler();
  const { world, send, settle, recover, idsIn, rows } = aWorld({
    ...{ regions, scheduler, seed, decisions, telemetry: silentTelemetry },
    functions: { relay: { stream: { shards: 2 } } },
  });
  for (const region of regions) for (const [fault, rate] of faults) world.weather.set(fault, rate, region);
  /** Sends a request until it has an outcome. */
  const insist = async (region: string, path: string, body: object) => {
    for (;;) {
      const status = await send(region, 'POST', path, { body }).then(
        (answer) => answer.status,
        () => 502,
      );
      if (status === 200 || status === 409) return status;
      expect([202, 425, 429, 502, 503, 504]).toContain(status);
      await sleepOn(scheduler, 500);
    }
  };
  const outcomes = Array.from({ length: 12 }, async (_, i) => {
    await sleepOn(scheduler, i * 300);
    const region = regions[i % 3] ?? '';
    if (i % 2 === 0) {
      const events = [{ type: 'Noted', data: { text: 'red' } }];
      return insist(region, '/events', { id: `n${i}`, stream: `note/${i % 4}`, events });
    }
    const participants = [0, 1].map((n) => ({ stream: `stock/${(i + n) % 3}`, command: 'take', input: `t${i}` }));
    return insist(region, '/transactions', { id: `${region}:t${i}`, participants });
  });
  world.region('us-east-2').clock.drift(500);
  await scheduler.run(1500);
  world.region('us-east-1').clock.jump(seed % 2 === 0 ? 300 : -300);
  world.region('us-east-1').tableStream.split();
  world.region('us-west-2').restart();
  const statuses = await scheduler.resolve(Promise.all(outcomes));
  world.weather.calm();
  await recover();
  await settle();

  for (const [fault, count] of world.weather.counts) happened.set(fault, (happened.get(fault) ?? 0) + count);
  const committed = statuses.filter((status, i) => i % 2 === 1 && status === 200).length;
  for (const region of regions) {
    for (const n of [0, 2]) expect((await idsIn(region, `note/${n}`)).length).toBe(3);
    expect(await rows(region, 'words')).toEqual({ red: 6 });
    const taken = Object.values(await rows(region, 'taken'));
    expect(taken.reduce<number>((sum, row) => sum + takenOf(row), 0)).toBe(2 * committed);
  }
}

function takenOf(row: unknown): number {
  return typeof row === 'object' && row !== null && 'taken' in row ? Number(row.taken) : 0;
}

describe('services with every fault at once', () => {
  it('lose no acknowledged write, and count none twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.constantFrom('strong', 'eventual'), (seed, decisions) =>
        run(seed, decisions),
      ),
      { numRuns: 25 },
    );
    expect([...happened.keys()].sort()).toEqual(Object.keys(RATES).sort());
  }, 120_000);
});
