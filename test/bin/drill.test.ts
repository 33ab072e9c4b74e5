import { describe, expect, it, vi } from 'vitest';
import { type Placement, placementOf } from '../../core/facts/placement.ts';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { world, run } = aServedWorld();
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'];
const STREAM = `account/${EAST}.drill`;

describe('meridian drill', () => {
  it.each([
    ['the Region itself', [EAST, '--to', EAST], 'Name another Region: --to', 1],
    ['a target that is not deployed', [EAST, '--to', 'eu-west-1'], 'eu-west-1 is not a Region', 1],
    ['a stream without a command', [EAST, '--to', WEST, '--probe', STREAM], '--probe and --command need each other', 2],
    ['an input that is not JSON', [EAST, '--to', WEST, '--input', '{'], 'The input is not JSON', 2],
    [
      'a command that is refused before anything moves',
      [EAST, '--to', WEST, '--probe', STREAM, '--command', 'withdraw', '--input', '{"amount":1000}'],
      'rejected',
      1,
    ],
    [
      'a command that writes nothing',
      [EAST, '--to', WEST, '--probe', STREAM, '--command', 'withdraw', '--input', '{"amount":0}'],
      'wrote nothing',
      1,
    ],
    [
      'a stream that it does not move',
      [EAST, '--to', WEST, '--probe', `account/${EAST_2}.x`, '--command', 'deposit', '--input', '{"amount":1}'],
      `is not written in ${EAST}`,
      1,
    ],
    [
      'a stream that every Region writes',
      [EAST, '--to', WEST, '--probe', 'note/n', '--command', 'note', '--input', '{"text":"x"}'],
      `is not written in ${EAST}`,
      1,
    ],
  ])('refuses %s', async (_, args, message, exit) => {
    const { stderr, code } = await run(['drill', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(exit);
    expect((await run(['placement', '--json'])).stdout).not.toContain(`"acting":"${WEST}"`);
  });

  it('moves streams away and back, and measures when a command is accepted', async () => {
    const probe = ['--probe', `account/${EAST}.drill`, '--command', 'deposit', '--input', '{"amount":1}'];
    const { stdout, stderr, code } = await run(['drill', EAST, '--to', WEST, '--hold', '1', ...probe, '--json']);
    expect([stderr, code]).toEqual(['', 0]);
    const measured = { firstAccepted: expect.any(Number), longest: expect.any(Number), accepted: expect.any(Number) };
    const regions = [EAST, EAST_2, WEST].map((region) => ({ region, seconds: expect.any(Number) }));
    expect(jsonLines(stdout)).toEqual([
      {
        phases: [
          { move: 'away', regions, probe: { ...measured, refused: {} } },
          { move: 'back', regions, probe: { ...measured, refused: {} } },
        ],
      },
    ]);
    const commits = await world.region(EAST).load(`account/${EAST}.drill`);
    const writers = commits.filter(({ events }) => events.length > 0).map(({ region }) => region);
    expect([...new Set(writers)].sort()).toEqual([EAST, WEST]);
    expect(writers.length).toBe(
      new Set(commits.filter(({ events }) => events.length > 0).map(({ commitId }) => commitId)).size,
    );
    expect(jsonLines((await run(['placement', '--json'])).stdout)).toMatchObject([
      { placement: { [EAST]: { acting: EAST, epoch: 2, kind: 'planned' } } },
    ]);
  });

  it('of one type, and then of all, brings everything home', async () => {
    for (const type of [['--type', 'account'], []]) {
      const { stderr, code } = await run(['drill', EAST, '--to', WEST, '--hold', '0', ...type]);
      expect([stderr, code]).toEqual([expect.stringContaining('meridian complete'), 0]);
    }
    const [{ placement }] = jsonLines((await run(['placement', '--json'])).stdout) as [{ placement: Placement }];
    expect(Object.values(placement).map(({ acting }) => acting)).toEqual([EAST, EAST]);
  });

  it('says so, and sends nothing more, when streams cannot be moved back', async () => {
    const probe = ['--probe', STREAM, '--command', 'deposit', '--input', '{"amount":1}'];
    const drilling = run(['drill', EAST, '--to', WEST, '--hold', '5', ...probe]);
    await vi.waitFor(async () => {
      const known = placementOf(world.region(WEST).tables.placements.items());
      expect(known[EAST]?.acting).toBe(WEST);
      // Another operator moves them on.
      await world.region(WEST).operate('move', { from: WEST, to: EAST_2, kind: 'planned', known });
    }, 30_000);
    const { stderr, code } = await drilling;
    expect(stderr).toContain(`meridian failback ${EAST}`);
    expect(code).toBe(1);
    await run(['failback', EAST]);
  });

  it('is refused while streams are away', async () => {
    await run(['failover', EAST, '--to', WEST]);
    const { stderr, code } = await run(['drill', EAST_2, '--to', WEST]);
    expect(stderr).toContain('Bring them home first');
    expect(code).toBe(1);
    await run(['failback', EAST]);
  });
});
