import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { world, address, put, run } = aServedWorld();
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'];
const STREAM = `account/${EAST}.moved`;

describe('meridian failover', () => {
  it('with --dry-run only shows what would be written', async () => {
    const { stdout, code } = await run(['failover', EAST, '--to', WEST, '--dry-run']);
    expect(stdout).toContain('Would be written:');
    expect(stdout).toContain(`at home in ${EAST}`);
    expect(stdout).toContain(`Subscribers that are named to ${EAST} (runsIn) move along.`);
    expect(code).toBe(0);
    expect((await run(['placement'])).stdout).toContain('The streams of every home are written there.');
  });

  it('with --dry-run shows how far the target has caught up', async () => {
    const dry = ['failover', EAST, '--to', WEST, '--dry-run'];
    expect((await run(dry)).stdout).toContain(`${WEST} has no commit of ${EAST}`);
    const note = (id: string) => ({ id, stream: 'note/lag', events: [{ type: 'Noted', data: { text: id } }] });
    await put(note('arrived'));
    expect((await run(dry)).stdout).toMatch(/ ago: us-east-1 has written nothing since\./);
    world.cut(EAST, WEST);
    await sleep(1_100);
    // What is written behind a link that is cut is not awaited.
    await fetch(`${address()}/regions/${EAST}/events`, { method: 'POST', body: JSON.stringify(note('behind')) });
    const behind = await run([...dry, '--json']);
    world.heal(EAST, WEST);
    await world.whenIdle();
    const [{ caughtUp }] = jsonLines(behind.stdout) as [{ caughtUp: { ageMs: number; behindMs: number }[] }];
    expect(caughtUp).toEqual([
      {
        ...{ from: EAST, to: WEST, newest: expect.stringMatching(/^\d{4}-/) },
        ...{ ageMs: expect.any(Number), behindMs: expect.any(Number) },
      },
    ]);
    expect(caughtUp[0]?.behindMs).toBeGreaterThan(1_000);
    expect(caughtUp[0]?.ageMs).toBeGreaterThanOrEqual(caughtUp[0]?.behindMs ?? 0);
  });

  it('with --dry-run says that a lost Region does not respond', async () => {
    await put({ id: 'seen', stream: 'note/lag', events: [{ type: 'Noted', data: { text: 'seen' } }] });
    world.region(EAST).cutTables(10_000);
    const { stdout, code } = await run(
      ['failover', EAST, '--to', WEST, '--forced', '--accept-loss-window', '--dry-run'],
      { env: { MERIDIAN_URL: `${address()}/regions/${WEST}` } },
    );
    expect(stdout).toContain(`${EAST} does not respond: what it has written since is not known.`);
    expect(code).toBe(0);
    await sleep(world.region(EAST).tablesCutMs);
  });

  it.each([
    ['a Region that is not deployed', ['eu-west-1', '--to', WEST], 'eu-west-1 is not a Region of this deployment'],
    ['a target that is not deployed', [EAST, '--to', 'eu-west-1'], 'eu-west-1 is not a Region of this deployment'],
    ['the Region itself', [EAST, '--to', EAST], 'Name another Region: --to'],
    ['a type without a home', [EAST, '--to', WEST, '--type', 'note'], 'note is not a stream type with a home'],
    [
      'acceptance of what a planned move does not lose',
      [EAST, '--to', WEST, '--accept-loss-window'],
      'is for --forced',
    ],
    ['no acceptance of what is lost', [EAST, '--to', WEST, '--forced'], '--accept-loss-window'],
  ])('refuses %s', async (_, args, message) => {
    const { stderr, code } = await run(['failover', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it('moves the streams, waits until every Region knows, and failback brings them home', async () => {
    const moved = await run(['failover', EAST, '--to', WEST]);
    expect(moved.stderr).toBe('');
    for (const region of [EAST, EAST_2, WEST]) expect(moved.stdout).toContain(`${region}: knows of it after`);

    const deposit = await run(['command', STREAM, 'deposit', '{"amount": 5}']);
    expect([deposit.code, deposit.stderr]).toEqual([0, '']);
    const commits = await world.region(WEST).load(STREAM);
    expect(commits.filter(({ events }) => events.length > 0)).toMatchObject([{ region: WEST }]);

    const twice = await run(['failover', EAST, '--to', EAST_2]);
    expect(twice.stderr).toContain(`${EAST} writes none of these streams now`);

    expect(jsonLines((await run(['placement', '--json'])).stdout)).toMatchObject([
      { placement: { [EAST]: { acting: WEST, epoch: 1 } }, regions: [{ knowsNewest: true }, {}, {}] },
    ]);
    expect((await run(['failback', EAST])).code).toBe(0);
    expect((await run(['placement'])).stdout).toContain('knows the newest entries');
    expect((await run(['failback', EAST])).stdout).toContain(`${EAST} writes all of these streams`);
  });

  it('moves twice in a row through a Region that wrote nothing in between', async () => {
    for (const [from, to] of [
      [EAST, EAST_2],
      [EAST_2, WEST],
    ] as const)
      expect((await run(['failover', from, '--to', to, '--type', 'account'])).code).toBe(0);
    const stream = `account/${EAST}.twice`;
    expect((await run(['command', stream, 'deposit', '{"amount": 5}'])).stderr).toBe('');
    const commits = await world.region(WEST).load(stream);
    expect(commits.filter(({ events }) => events.length > 0)).toMatchObject([{ region: WEST }]);
    expect((await run(['failback', EAST, '--json'])).code).toBe(0);
  });

  it('of one move that is made twice at once makes one', async () => {
    const both = await Promise.all([EAST_2, WEST].map((to) => run(['failover', EAST, '--to', to])));
    expect(both.map(({ code }) => code).toSorted()).toEqual([0, 1]);
    expect(both.map(({ stderr }) => stderr).join('')).toMatch(/Read the placement|writes none of these streams/);
    expect((await run(['failback', EAST])).code).toBe(0);
  });

  it('is forced in the target', async () => {
    const { stdout, code } = await run(['failover', EAST, '--to', WEST, '--forced', '--accept-loss-window', '--json']);
    expect(jsonLines(stdout)).toMatchObject([{ moved: { [EAST]: { kind: 'forced', by: WEST, lost: [EAST] } } }]);
    expect(code).toBe(0);
  });
});
