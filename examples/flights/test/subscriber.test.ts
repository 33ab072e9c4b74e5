import { describe, expect, it } from 'vitest';
import { subscriptionPattern } from '../../../core/index.ts';
import { makeHandler } from '../../../lambdas/subscriber/handler.ts';
import { memoryTally } from '../../../test/contract/tally.ts';
import { aWorld } from '../../../test/world/a-world.ts';
import { domain } from '../index.ts';

const regions = ['us-east-1', 'us-east-2', 'us-west-2'];

describe('the example subscriber', () => {
  it("tallies in every Region what every Region's airports reported", async () => {
    const tallies = new Map(regions.map((region) => [region, memoryTally()]));
    const tallyOf = (region: string) => tallies.get(region) ?? expect.fail(region);
    const { settle, call } = aWorld({
      regions,
      domain,
      duplicates: 0.3,
      reorders: true,
      subscriptions: [
        {
          name: 'subscriber',
          pattern: subscriptionPattern(['flight']),
          make: ({ region, runtime, telemetry }) =>
            makeHandler({ from: 'beginning', progress: tallyOf(region).progress, runtime, telemetry }),
        },
      ],
    });
    const report = async (region: string, command: string, row: number, input: object) => {
      const path = `/streams/flight/2001-01-01.LAX-BNA.${row}/commands/${command}`;
      expect(await call(region, 'POST', path, { body: input })).toMatchObject({ status: 200 });
    };
    for (let row = 1; row <= 5; row++) {
      const scheduled = '2001-01-01T06:55';
      await report('us-west-2', 'depart', row, { airport: 'LAX', delay: 1, scheduled });
      await report('us-east-2', 'arrive', row, { airport: 'BNA', delay: 2 });
      // A correction is one more report.
      await report('us-west-2', 'depart', row, { airport: 'LAX', delay: 3, scheduled });
    }
    await settle();
    for (const region of regions)
      expect(Object.fromEntries(tallyOf(region).all)).toEqual({ LAX: { Departed: 10 }, BNA: { Arrived: 5 } });
  });
});
