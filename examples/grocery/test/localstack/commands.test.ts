import { beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { describeWithLocalStack } from '../../../../test/localstack/describe-with-localstack.ts';
import { regionOfWarehouse } from '../../streams/warehouses.ts';
import { type DeployedRegion, deployedRegions, regionNamed } from './deployment.ts';

const appendedSchema = z.object({ id: z.string(), log: z.string(), position: z.int(), version: z.string() });
const CENTS = 30;

describeWithLocalStack('a command for a stock whose warehouse is in another Region', (endpoint) => {
  const regions = deployedRegions(endpoint);
  let stock: string;
  let home: DeployedRegion;
  let elsewhere: DeployedRegion;

  beforeAll(async () => {
    // An article that no other run uses.
    stock = `/streams/stock/boardman.apples-${Date.now()}`;
    home = regionNamed(regions, regionOfWarehouse('boardman'));
    elsewhere = regions.find((region) => region !== home) ?? expect.fail('there is one Region only');
    for (const [command, input] of [
      ['receive', { count: 5 }],
      ['set-price', { cents: CENTS }],
    ] as const)
      expect(await ask(elsewhere, command, input)).toMatchObject({ status: 200 });
  });

  const ask = (at: DeployedRegion, command: string, body: unknown, headers: Record<string, string> = {}) =>
    at.request({ method: 'POST', path: `${stock}/commands/${command}`, headers, body });
  const take = (at: DeployedRegion, headers: Record<string, string> = {}) =>
    ask(at, 'take', { count: 1, cents: CENTS }, headers);
  const read = (at: DeployedRegion, headers: Record<string, string> = {}) => at.request({ path: stock, headers });

  it('is decided at home, and the state can be read in every Region', async () => {
    const { status, body } = await take(elsewhere);
    expect(status).toBe(200);
    const { log, version } = appendedSchema.parse(body);
    expect(log).toBe(home.name);
    const here = { status: 200, body: expect.objectContaining({ state: { count: 4, cents: CENTS }, version }) };
    expect(await read(home)).toEqual(here);
    await vi.waitFor(async () => expect(await read(elsewhere, { 'If-At-Least': version })).toEqual(here), {
      timeout: 30_000,
      interval: 500,
    });
  });

  it('takes effect once when it is sent again, to any Region', async () => {
    const key = { 'Idempotency-Key': `take-${Date.now()}` };
    const first = await take(elsewhere, key);
    expect(first.status).toBe(200);
    for (const region of regions) expect(await take(region, key)).toEqual(first);
    expect(await read(home)).toMatchObject({ body: { state: { count: 3 } } });
  });

  it('never sells more than the shelf holds when every Region sends commands at once', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => take(regions[i % regions.length] ?? home)));
    const accepted = answers.filter(({ status }) => status === 200).map(({ body }) => appendedSchema.parse(body));
    expect(accepted.map(({ log }) => log)).toEqual([home.name, home.name, home.name]);
    expect(new Set(accepted.map(({ position }) => position)).size).toBe(3);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toEqual(
      refused.map(() => ({ status: 422, body: expect.objectContaining({ code: 'rejected', left: 0 }) })),
    );
    expect(await read(home)).toMatchObject({ body: { state: { count: 0 } } });
  });
});
