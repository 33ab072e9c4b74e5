import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Commit } from '../../core/facts/commit.ts';
import { nextStamp } from '../../core/facts/hlc.ts';
import { PLACEMENT_MS } from '../../core/limits/budgets.ts';
import { noted } from '../core/operate/verify-fixture.ts';
import { aServedWorld, domain, jsonLines } from './run-meridian.ts';

const { world, address, run } = aServedWorld(domain, { decisions: 'eventual' });
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'];
const ID = `${EAST}:order-17`;

/** How long the lost Region does not respond: longer than a command asks it. */
const AWAY_MS = 15_000;

/** Runs the command, while the lost Region does not respond. */
function decide(...args: readonly string[]) {
  world.region(EAST).cutTables(AWAY_MS);
  return decideAtOnce(...args);
}
const decideAtOnce = (...args: readonly string[]) =>
  run(['decide', EAST, ...args], { env: { MERIDIAN_URL: `${address()}/regions/${WEST}` } });
const force = () =>
  run(['failover', EAST, '--to', WEST, '--forced', '--accept-loss-window'], {
    env: { MERIDIAN_URL: `${address()}/regions/${WEST}` },
  });

/** An intent that the lost Region drives. */
function anIntent(region: string, of: Partial<Commit> = {}): Commit {
  const events = [{ type: 'Deposited', schemaVersion: 2, data: { amount: 5 } }];
  const tx = { state: 'prepared', deadline: Date.now() + 3_600_000 } as const;
  const place = { stream: `account/${region}.bob`, log: region, region, hlc: nextStamp(Date.now()) };
  return noted(1, { ...place, commitId: `${ID}#1`, events, tx, ...of });
}

async function stateOf(region: string, owner = region): Promise<string | undefined> {
  return (await world.region(region).tables.events.at(`account/${owner}.bob`, owner, 1))?.tx?.state;
}

vi.setConfig({ hookTimeout: 60_000 });

describe('meridian decide', () => {
  beforeAll(async () => {
    for (const region of [EAST_2, WEST]) world.cut(EAST, region);
    // The lost Region had prepared its own intent, and one in another Region, when it was lost.
    await world.region(WEST).tables.events.put(anIntent(WEST));
    world.region(WEST).tables.events.replicate(anIntent(EAST));
    await world.whenIdle();
  });

  it('is refused while the Region responds', async () => {
    const { stderr, code } = await decideAtOnce();
    expect(stderr).toContain(`${EAST} responds`);
    expect(code).toBe(1);
  });

  it('is refused before all that the Region writes is moved by force', async () => {
    const { stderr, code } = await decide();
    expect(stderr).toContain('Force that first');
    expect(code).toBe(1);
    expect((await force()).code).toBe(0);
    await sleep(PLACEMENT_MS);
  });

  it('shows what it would do', async () => {
    const { stdout, stderr, code } = await decide('--dry-run');
    expect([stderr, code]).toEqual(['', 0]);
    expect(stdout.trim().split('\n').sort()).toEqual(
      [
        `${ID}#1: aborted`,
        `account/${EAST}.bob@${EAST}.1: aborted, made final in ${WEST}`,
        `account/${WEST}.bob@${WEST}.1: aborted, made final in ${WEST}`,
        'Nothing was changed.',
      ].sort(),
    );
    expect([await stateOf(WEST), await stateOf(WEST, EAST)]).toEqual(['prepared', 'prepared']);
  });

  it('ends the transactions, so that their streams can be written and their outcome is known', async () => {
    const { stdout, code } = await decide('--json');
    expect(code).toBe(0);
    expect(jsonLines(stdout)).toEqual([
      expect.objectContaining({
        by: WEST,
        decisions: [expect.objectContaining({ transaction: ID, state: 'aborted', final: true })],
        waiting: [],
      }),
    ]);
    for (const region of [WEST, EAST_2]) {
      await vi.waitFor(async () =>
        expect([await stateOf(region, WEST), await stateOf(region, EAST)]).toEqual(['aborted', 'aborted']),
      );
      const asked = await fetch(`${address()}/regions/${region}/transactions/${ID}`);
      expect(await asked.json()).toMatchObject({ id: ID, state: 'aborted' });
    }
    const url = `${address()}/regions/${EAST_2}/streams/account/${WEST}.bob/commands/deposit`;
    expect((await fetch(url, { method: 'POST', body: '{"amount":1}' })).status).toBe(200);
  });

  it('finds nothing when it is repeated', async () => {
    const { stdout, code } = await decide();
    expect([stdout, code]).toEqual(['Nothing is undecided, and every intent is final.\n', 0]);
  });

  it('leaves an attempt to another Region that may still decide it', async () => {
    const commitId = `${EAST_2}:order-1#1`;
    world.region(WEST).tables.events.replicate(anIntent(EAST, { commitId, position: 2 }));
    const { stderr, code } = await decide();
    expect(stderr).toContain(`${commitId}: may still be decided`);
    expect(code).toBe(1);
  });

  it('needs every Region that is left', async () => {
    world.region(EAST_2).cutTables(AWAY_MS);
    const { stderr, code } = await decide();
    expect(stderr).toContain(`${EAST_2} does not`);
    expect(code).toBe(1);
  });
});
