import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { PLACEMENT_MS } from '../../core/limits/budgets.ts';
import { aServedWorld } from './run-meridian.ts';

vi.setConfig({ hookTimeout: 60_000 });

const { world, address, run } = aServedWorld();
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'];

const page = new URL('../../docs/runbooks/lost-region.md', import.meta.url);

/** The commands in the blocks of the runbook, in their order. */
const commands = [...readFileSync(page, 'utf8').matchAll(/^ *npx meridian (?<args>.*)$/gm)].map(
  ({ groups }) => groups?.args ?? '',
);

/** Runs the next command of the runbook that begins like this, at the local Region that it names. */
function follow(start: string) {
  const at = commands.findIndex((command) => command.startsWith(start));
  const args = commands[at]?.split(' ') ?? [];
  const where = args.indexOf('--region');
  if (where < 0) throw new Error(`The runbook has no command ${start} with --region.`);
  commands.splice(at, 1);
  const [, region] = args.splice(where, 2);
  return run(args, { env: { MERIDIAN_URL: `${address()}/regions/${region}` } });
}

/** Sends a command to an account at home in the lost Region, by the API of a Region. */
async function deposit(region: string, id: string): Promise<unknown> {
  const url = `${address()}/regions/${region}/streams/account/${EAST}.ann/commands/deposit`;
  const answer = await fetch(url, { method: 'POST', body: '{"amount":1}', headers: { 'Idempotency-Key': id } });
  return answer.json();
}

/** Everything has arrived, and no process goes by the placement any more that it has read before. */
async function settled(): Promise<void> {
  await world.whenIdle();
  await sleep(PLACEMENT_MS + 1);
}

describe('the runbook of a lost Region, with the commands that it has', () => {
  it('drains a Region that responds, as planned', async () => {
    expect(await deposit(EAST, 'before')).toMatchObject({ log: EAST });
    await world.whenIdle();
    const { stdout, stderr, code } = await follow(`failover ${EAST} --to ${WEST}`);
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout).toContain(`${EAST_2}: knows of it after`);
    await settled();
    expect(await deposit(WEST, 'away')).toMatchObject({ log: WEST });
    await world.whenIdle();
    expect((await run(['failback', EAST])).code).toBe(0);
    await settled();
    expect(await deposit(EAST, 'home')).toMatchObject({ log: EAST });
    await world.whenIdle();
  });

  it('replaces a Region that does not respond, by force', async () => {
    world.cut(EAST, EAST_2);
    world.cut(EAST, WEST);
    // It is acknowledged, and no other Region sees it.
    const unseen = z.object({ version: z.string() }).parse(await deposit(EAST, 'unseen'));
    expect((await follow('regions')).stdout).toContain(EAST_2);
    const { stdout, code } = await follow(`failover ${EAST} --to ${WEST}`);
    expect(stdout).toContain('forced');
    expect(code).toBe(0);
    await settled();
    for (const region of [WEST, EAST_2]) expect(await deposit(region, `by-${region}`)).toMatchObject({ log: WEST });
    // A caller that has seen it reads that waiting is in vain.
    const asked = ['stream', `account/${EAST}.ann`, '--at-least', unseen.version, '--wait', '0'];
    const waiting = await run(asked, { env: { MERIDIAN_URL: `${address()}/regions/${WEST}` } });
    expect(waiting.stderr).toContain('only a lost Region has');
    expect(waiting.code).toBe(1);
    const republished = await follow('republish');
    for (const region of [WEST, EAST_2]) expect(republished.stdout).toContain(`${region}: 2 events published again`);
    const placement = await follow('placement');
    expect(placement.stdout).toContain(`${EAST_2}: knows the newest entries`);
  });

  it('brings the streams home when the Region is back, and shows what was not seen', async () => {
    world.heal(EAST, EAST_2);
    world.heal(EAST, WEST);
    await world.whenIdle();
    const back = await follow(`failback ${EAST}`);
    expect([back.stderr, back.code]).toEqual(['', 0]);
    await settled();
    expect(await deposit(WEST, 'again')).toMatchObject({ log: EAST });
    await world.whenIdle();
    expect((await follow('conflicts')).stdout).toContain(`account/${EAST}.ann`);
    const { stderr, code } = await follow('complete');
    expect(stderr).toContain('Repeat this in 17 min');
    expect(code).toBe(1);
    const verified = await follow('verify');
    expect(verified.stdout).toContain('Nothing is wrong.');
    expect(verified.code).toBe(0);
  });

  it('decides what a Region has left that is lost permanently', async () => {
    world.cut(EAST, EAST_2);
    world.cut(EAST, WEST);
    const force = ['failover', EAST, '--to', WEST, '--forced', '--accept-loss-window'];
    expect((await run(force, { env: { MERIDIAN_URL: `${address()}/regions/${WEST}` } })).code).toBe(0);
    await sleep(PLACEMENT_MS + 1);
    // It does not respond for as long as the command asks it.
    world.region(EAST).cutTables(15_000);
    const { stdout, code } = await follow(`decide ${EAST}`);
    expect([stdout, code]).toEqual(['Nothing is undecided, and every intent is final.\n', 0]);
  });

  it('has no other command', () => {
    expect(commands).toEqual([]);
  });
});
