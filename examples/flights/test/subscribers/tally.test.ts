import { functionUrlEvent, VirtualScheduler, World } from '@meridian-es/meridian/world';
import { expect, it } from 'vitest';
import { domain } from '../../index.ts';
import { subscribers } from '../../subscribers/index.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

it("tallies in every Region what every Region's airports reported, each report once", async () => {
  const scheduler = new VirtualScheduler();
  const world = new World({ domain, regions, scheduler, duplicates: 0.3, reorders: true, subscribers });
  const report = async (region: string, command: string, row: number, input: object) => {
    const path = `/streams/flight/2001-01-01.LAX-BNA.${row}/commands/${command}`;
    const event = functionUrlEvent({ method: 'POST', path, body: JSON.stringify(input) });
    expect(await scheduler.resolve(world.region(region).request(event))).toMatchObject({ statusCode: 200 });
  };
  for (let row = 1; row <= 5; row++) {
    const scheduled = '2001-01-01T06:55';
    await report('us-west-2', 'depart', row, { airport: 'LAX', delay: 1, scheduled });
    await report('us-east-2', 'arrive', row, { airport: 'BNA', delay: 2 });
    // A correction is one more report.
    await report('us-west-2', 'depart', row, { airport: 'LAX', delay: 3, scheduled });
  }
  await scheduler.runUntil(() => world.idle);
  for (const region of regions)
    expect(Object.fromEntries(world.region(region).sumsOf('tally'))).toEqual({
      LAX: { Departed: 10 },
      BNA: { Arrived: 5 },
    });
});
