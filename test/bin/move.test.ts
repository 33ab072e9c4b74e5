import { describe, expect, it, vi } from 'vitest';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { world, run } = aServedWorld();
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'];
const STREAM = `account/${EAST}.moved`;

/** The Regions that have written events to the stream, in the table of one. */
async function writersIn(region: string): Promise<readonly string[]> {
  const commits = await world.region(region).load(STREAM);
  return commits
    .filter(({ events }) => events.length > 0)
    .toSorted((a, b) => (a.hlc < b.hlc ? -1 : 1))
    .map((commit) => commit.region);
}

describe('meridian move', () => {
  it('with --dry-run only shows what would be done', async () => {
    const { stdout, stderr, code } = await run(['move', STREAM, '--to', WEST, '--dry-run']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toBe(`${STREAM} is written in ${EAST}. It would be at home in ${WEST}.\n`);
    expect(await world.region(EAST).load(STREAM)).toEqual([]);
  });

  it.each([
    ['a Region that is not deployed', [STREAM, '--to', 'eu-west-1'], 'eu-west-1 is not a Region of this deployment'],
    ['no target', [STREAM], 'Name the Region with --to'],
    ['two targets', [STREAM, '--to', WEST, '--home'], 'Name the Region with --to'],
    ['a stream without a home', ['note/n', '--to', WEST], 'only home streams are moved'],
    ['a type that is not there', ['nothing/n', '--to', WEST], 'nothing'],
  ])('refuses %s', async (_, args, message) => {
    const { stderr, code } = await run(['move', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });

  it('refuses while a Region has code from before streams could be moved', async () => {
    const region = world.region(WEST);
    const invoke = region.invokeOperate.bind(region);
    const older = vi.spyOn(region, 'invokeOperate').mockImplementation(async (asked) => {
      const answer = await invoke(asked);
      return 'result' in answer ? { result: { ...Object(answer.result), pins: undefined } } : answer;
    });
    const { stderr, code } = await run(['move', STREAM, '--to', WEST]);
    older.mockRestore();
    expect(stderr).toContain(`${WEST} would not know of the move`);
    expect(code).toBe(1);
    expect(await world.region(EAST).load(STREAM)).toEqual([]);
  });

  it('refuses what is not a stream', async () => {
    const { stderr, code } = await run(['move', 'note', '--to', WEST]);
    expect(stderr).toContain('Write <type>/<id>');
    expect(code).toBe(2);
  });

  it('moves a stream, says where it is written, and brings it home', async () => {
    expect((await run(['command', STREAM, 'deposit', '{"amount": 5}'])).code).toBe(0);
    const moved = await run(['move', STREAM, '--to', WEST]);
    expect(moved.stderr).toBe('');
    expect(moved.stdout).toContain(`${STREAM} was written in ${EAST}. Now it is at home in ${WEST}.`);
    expect(moved.stdout).toContain(`${WEST}: writes it after`);
    expect((await run(['command', STREAM, 'deposit', '{"amount": 5}'])).code).toBe(0);
    expect(await writersIn(WEST)).toEqual([EAST, WEST]);

    const [again] = jsonLines((await run(['move', STREAM, '--to', WEST, '--json'])).stdout);
    expect(again).toMatchObject({ moved: false, home: WEST, writtenIn: WEST, pin: { key: { number: 1, by: EAST } } });
    const back = await run(['move', STREAM, '--home']);
    expect(back.stdout).toContain(`Now it is at home in ${EAST}.`);
    expect((await run(['command', STREAM, 'deposit', '{"amount": 5}'])).code).toBe(0);
    expect(await writersIn(EAST)).toEqual([EAST, WEST, EAST]);
  });

  it('follows the moves of what the new home writes', async () => {
    expect((await run(['failover', EAST_2, '--to', WEST])).code).toBe(0);
    const moved = await run(['move', STREAM, '--to', EAST_2]);
    expect(moved.stdout).toContain(`Now it is at home in ${EAST_2}, in whose place ${WEST} writes.`);
    expect((await run(['failback', EAST_2])).code).toBe(0);
    expect((await run(['command', STREAM, 'deposit', '{"amount": 5}'])).code).toBe(0);
    expect((await writersIn(EAST_2)).at(-1)).toBe(EAST_2);
  });
});
