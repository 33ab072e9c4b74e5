import { readFileSync } from 'node:fs';
import { VirtualScheduler, World } from '@meridian-es/meridian/world';
import { describe, expect, it } from 'vitest';
import { flightsFile, readFlights } from '../../demo/input.ts';
import { partition, renderPartition } from '../../demo/partition.ts';
import { domain } from '../../index.ts';

describe('a partition', () => {
  it('ends with a listed conflict and equal Regions, in the words of the pages', async () => {
    const scheduler = new VirtualScheduler();
    const world = new World({ domain, regions: ['us-east-1', 'us-east-2', 'us-west-2'], scheduler });
    const row = readFlights(flightsFile('2k')).at(-1) ?? expect.fail('the file has no flights');
    const done = await scheduler.resolve(partition(world, row));
    expect(done.sides.map(({ shown }) => shown)).toEqual([46, 61]);
    expect([...done.after.values()]).toEqual([61, 61, 61]);
    expect(done).toMatchObject({ agree: true, listed: { kind: 'concurrent', open: false, log: 'us-east-2' } });
    // In a world of its own nothing was reported before.
    const text = renderPartition(done).replace('us-east-2.1 against us-east-1.1', 'us-east-2.2 against us-east-1.2');
    for (const page of ['README.md', 'examples/flights/README.md']) expect(readFileSync(page, 'utf8')).toContain(text);
  });

  it('that leaves a difference is reported', () => {
    const after = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    const text = renderPartition({ stream: 'flight/f', sides: [], after, listed: undefined, agree: false });
    expect(text).toContain('The Regions do not agree: a,1; b,2.');
  });
});
