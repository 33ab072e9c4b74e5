import fc from 'fast-check';
import { expect, it } from 'vitest';
import { silentTelemetry } from '../../world/error-log.ts';
import type { Fault } from '../../world/weather.ts';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

const faults: readonly Fault[] = [
  'port.slow',
  'port.refused',
  'port.answer-lost',
  'port.late-effect',
  'process.dies',
  'process.stalls',
  'table.torn',
  'table.stale',
  'table.conflict',
  'table.throttled',
  'table.unresolved',
  'decisions.stale',
  'decisions.write-conflict',
  'replication.late',
  'replication.coalesced',
];

it('Faults of tables, ports and replication lose and duplicate no acknowledged append, and every Region ends with the same', async () => {
  const happened = new Set<Fault>();
  const anySeed = fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    decisions: fc.constantFrom('strong' as const, 'eventual' as const),
    set: fc.subarray([...faults], { minLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(anySeed, async ({ set, ...options }) => {
      const { world, scheduler, send, settle, idsIn } = aWorld({ ...options, regions, telemetry: silentTelemetry });
      for (const fault of set)
        for (const region of regions) world.weather.set(fault, fault === 'table.unresolved' ? 0.002 : 0.05, region);
      const append = async (id: string, region: string): Promise<boolean> => {
        const body = { id, stream: 'note/a', events: [{ type: 'Noted', data: { text: id } }] };
        const answer = await send(region, 'POST', '/events', { body }).catch(() => ({ status: 502 }));
        return answer.status === 200;
      };
      const acknowledged: string[] = [];
      for (let i = 0; i < 15; i++) {
        const id = `id-${i}`;
        if (await scheduler.resolve(append(id, regions[i % 3] ?? ''))) acknowledged.push(id);
        await scheduler.run(500);
      }
      world.weather.calm();
      await settle();

      for (const fault of world.weather.counts.keys()) happened.add(fault);
      const [first, ...others] = await Promise.all(regions.map((region) => idsIn(region, 'note/a')));
      for (const other of others) expect(other).toEqual(first);
      expect([...new Set(first)]).toEqual(first);
      expect(first).toEqual(expect.arrayContaining(acknowledged));
    }),
    { numRuns: 40 },
  );
  expect(happened.size).toBeGreaterThan(8);
}, 120_000);
