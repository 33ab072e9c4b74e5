import { beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { nearestRegion } from '../../examples/flights/index.ts';
import { type DeployedRegion, deployedRegions, REGIONS, regionNamed } from './deployment.ts';
import { describeWithLocalStack } from './describe-with-localstack.ts';

const appendedSchema = z.object({ id: z.string(), log: z.string(), position: z.int(), version: z.string() });

describeWithLocalStack('a command for a stream that is at home in another Region', (endpoint) => {
  const regions = deployedRegions(endpoint);
  let stream: string;
  let home: DeployedRegion;
  let elsewhere: DeployedRegion;

  beforeAll(() => {
    // A number that no other run has; its flight begins in Los Angeles.
    stream = `/streams/seats/2001-01-01.LAX-BNA.${Date.now()}`;
    home = regionNamed(regions, nearestRegion('LAX', REGIONS));
    elsewhere = regions.find((region) => region !== home) ?? expect.fail('there is one Region only');
  });

  const reserve = (at: DeployedRegion, passenger: string, headers: Record<string, string> = {}) =>
    at.request({ method: 'POST', path: `${stream}/commands/reserve`, headers, body: { passenger } });
  const read = (at: DeployedRegion, headers: Record<string, string> = {}) => at.request({ path: stream, headers });

  it('is decided at home, and the state can be read there and elsewhere', async () => {
    const { status, body } = await reserve(elsewhere, 'ada');
    expect(status).toBe(200);
    const { log, version } = appendedSchema.parse(body);
    expect(log).toBe(home.name);
    const here = { status: 200, body: expect.objectContaining({ state: { passengers: ['ada'] }, version }) };
    expect(await read(home)).toEqual(here);
    await vi.waitFor(async () => expect(await read(elsewhere, { 'If-At-Least': version })).toEqual(here), {
      timeout: 30_000,
      interval: 500,
    });
  });

  it('has its effect once when it is sent again, to whichever Region', async () => {
    const key = { 'Idempotency-Key': `grace-${Date.now()}` };
    const first = await reserve(elsewhere, 'grace', key);
    expect(first.status).toBe(200);
    for (const region of regions) expect(await reserve(region, 'grace', key)).toEqual(first);
    expect(await read(home)).toMatchObject({ body: { state: { passengers: ['ada', 'grace'] } } });
  });

  it('fills the flight with others at once from every Region, and never overbooks it', async () => {
    const flight = `/streams/seats/2001-01-02.LAX-BNA.${Date.now()}`;
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (regions[i % regions.length] ?? home).request({
          method: 'POST',
          path: `${flight}/commands/reserve`,
          body: { passenger: `passenger-${i}` },
        }),
      ),
    );
    const accepted = answers.filter(({ status }) => status === 200).map(({ body }) => appendedSchema.parse(body));
    expect(accepted.map(({ log, position }) => `${log} ${position}`).sort()).toEqual(
      [1, 2, 3].map((position) => `${home.name} ${position}`),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toEqual(
      refused.map(() => ({ status: 422, body: expect.objectContaining({ code: 'rejected', seats: 3 }) })),
    );
    expect(await home.request({ path: flight })).toMatchObject({
      body: { state: { passengers: expect.toSatisfy((all: readonly string[]) => new Set(all).size === 3) } },
    });
  });
});
