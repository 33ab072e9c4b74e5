import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { jsonLines, meridian } from '../../../../test/bin/run-meridian.ts';
import { describeWithLocalStack } from '../../../../test/localstack/describe-with-localstack.ts';
import { type DeployedRegion, deployedRegions, NAME } from './deployment.ts';

const TEST_MS = 180_000;
const [AWAY_FROM, TO] = ['us-east-2', 'us-west-2'];

const appendedSchema = z.object({ log: z.string(), position: z.int(), version: z.string() });
const commitsSchema = z.object({ commits: z.array(z.object({ commitId: z.string(), events: z.array(z.unknown()) })) });

describeWithLocalStack('a drill of a deployed app', (endpoint) => {
  const regions = deployedRegions(endpoint);
  // A stock at home in the Region that is drained, and another one for the probe, which no other run uses.
  const run = Date.now();
  const [stock, probe] = ['stock', 'probe'].map((name) => `stock/columbus.${name}-${run}`);

  /** Adds a piece to the stock, by any Region, until that is acknowledged. @returns the log that has it */
  const receive = async (at: DeployedRegion, id: string): Promise<string> => {
    for (;;) {
      const headers = { 'Idempotency-Key': id };
      const path = `/streams/${stock}/commands/receive`;
      const { status, body } = await at.request({ method: 'POST', path, headers, body: { count: 1 } });
      if (status === 200) return appendedSchema.parse(body).log;
      expect([409, 503], JSON.stringify(body)).toContain(status);
      await sleep(100);
    }
  };

  it('moves a home away and back, and nothing that was acknowledged before, during and after it is missing', {
    timeout: TEST_MS,
  }, async () => {
    const acknowledged = new Map<string, string>();
    const once = async (at: DeployedRegion) => {
      const id = `piece-${acknowledged.size}-${at.name}`;
      acknowledged.set(id, await receive(at, id));
    };
    for (const region of regions) await once(region);
    expect([...new Set(acknowledged.values())]).toEqual([AWAY_FROM]);

    const where = ['--region', AWAY_FROM, '--name', NAME, '--type', 'stock', '--hold', '1', '--json'];
    const probed = ['--probe', probe ?? '', '--command', 'receive', '--input', '{"count":1}'];
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
    const env = { AWS_ENDPOINT_URL: endpoint, ...credentials };
    const drilling = meridian(['drill', AWAY_FROM, '--to', TO, ...where, ...probed], { env });
    let isOver = false;
    const ended = drilling.finally(() => {
      isOver = true;
    });
    // Every Region is asked all the time, each for itself.
    await Promise.all(
      regions.map(async (region, i) => {
        for (let n = 0; !isOver; n++) {
          const id = `during-${i}-${n}`;
          acknowledged.set(id, await receive(region, id));
          await sleep(100);
        }
      }),
    );
    const { stdout, stderr, code } = await ended;
    expect([stderr, code]).toEqual(['', 0]);
    const known = regions.map(({ name }) => ({ region: name, seconds: expect.any(Number) }));
    const accepted = expect.objectContaining({ firstAccepted: expect.any(Number) });
    expect(jsonLines(stdout)).toEqual([
      {
        phases: [
          { move: 'away', regions: known, probe: accepted },
          { move: 'back', regions: known, probe: accepted },
        ],
      },
    ]);
    for (const region of regions) await once(region);
    expect([...acknowledged.values()].slice(-regions.length)).toEqual(regions.map(() => AWAY_FROM));
    expect(new Set(acknowledged.values())).toEqual(new Set([AWAY_FROM, TO]));

    for (const region of regions) {
      const { body } = await region.request({ path: `/streams/${stock}/events?limit=1000` });
      const written = commitsSchema.parse(body).commits.filter(({ events }) => events.length > 0);
      expect(written.map(({ commitId }) => commitId).toSorted()).toEqual([...acknowledged.keys()].toSorted());
      expect(await region.request({ path: `/streams/${stock}` })).toMatchObject({
        body: { state: { count: acknowledged.size } },
      });
    }
  });
});
