import { describe, expect, it } from 'vitest';
import { toyDomain } from '../../testing/toy.ts';
import { aServedWorld, jsonLines } from './run-meridian.ts';

const { world, run, put } = aServedWorld(toyDomain);
const [EAST, EAST_2, WEST] = ['us-east-1', 'us-east-2', 'us-west-2'] as const;
const [ANN, BOB] = [`account/${EAST}.ann`, `account/${WEST}.bob`];

/** What was found, without what only says more about it. */
async function verify(...args: readonly string[]) {
  const { stdout, stderr, code } = await run(['verify', '--grace', '0', '--json', ...args]);
  expect(stderr).toBe('');
  const [report] = jsonLines(stdout);
  return { report, code };
}

const nothing = { found: [], unconfirmed: [] };

async function commitOf(region: string, stream: string, position: number) {
  const commit = (await world.region(region).load(stream)).find((each) => each.position === position);
  if (!commit) throw new Error(`${region} has no such commit.`);
  return commit;
}

describe('meridian verify', () => {
  it('finds nothing in a healthy deployment', async () => {
    for (const id of ['a', 'b', 'c'])
      await put(
        ...['red', 'blue', 'green'].map((text) => ({
          stream: `note/${id}`,
          id: text,
          command: 'note',
          input: { text },
        })),
      );
    await put({ stream: ANN, id: 'd', command: 'deposit', input: { amount: 9 } });
    const move = [
      { stream: ANN, command: 'withdraw', input: { amount: 4 } },
      { stream: BOB, command: 'deposit', input: { amount: 4 } },
    ];
    const transact = await run(['transact', JSON.stringify(move), '--id', `${EAST}:move`]);
    expect([transact.code, transact.stderr]).toEqual([0, '']);
    await world.whenIdle();
    const { report, code } = await verify();
    expect(report).toMatchObject({ ...nothing, looked: { streams: 5, commits: 36, decisions: 3, changing: 0 } });
    expect(code).toBe(0);
    const { stdout } = await run(['verify', '--grace', '0', 'note', 'stock']);
    expect(stdout).toContain('Looked at 3 streams with 27 commits in all Regions together');
    expect(stdout).toContain('Nothing is wrong.');
  });

  it('finds a changed byte, and says where the original is; it repairs nothing of that', async () => {
    const { tables } = world.region(WEST);
    const changed = await commitOf(WEST, 'note/a', 2);
    // Of another Region, so that it is not replicated.
    const later = { at: Date.now() + 1, region: EAST };
    const events = [{ type: 'Noted', schemaVersion: 1, data: { text: 'blve' } }];
    tables.events.replicate({ ...changed, events }, later);
    await world.whenIdle();
    const differs = { kind: 'differs', region: WEST, stream: 'note/a', log: EAST, position: 2, original: EAST };
    const { report, code } = await verify();
    expect(report).toMatchObject({
      found: expect.arrayContaining([
        { ...differs, detail: 'its events do not match their digest', advice: expect.stringContaining('runbooks') },
      ]),
    });
    expect(code).toBe(1);
    const repaired = await verify('--repair');
    expect(repaired.report).toMatchObject({ found: expect.arrayContaining([expect.objectContaining(differs)]) });
    expect(repaired.code).toBe(1);
    expect((await commitOf(WEST, 'note/a', 2)).events).toEqual(events);
    // As the runbook says: the original is put where the other one is.
    tables.events.replicate(changed, { ...later, at: later.at + 1 });
    await world.whenIdle();
    expect((await verify('--repair')).report).toMatchObject({ unconfirmed: [] });
    expect((await verify()).report).toMatchObject(nothing);
  });

  it('finds an item that is missing in one Region, the last of its log too, and puts it there', async () => {
    world.region(EAST_2).tables.events.lose(await commitOf(EAST_2, 'note/b', 2));
    world.region(EAST).tables.events.lose(await commitOf(EAST, 'note/c', 3));
    const { report, code } = await verify();
    const missing = { kind: 'missing', log: EAST };
    expect(report).toMatchObject({
      found: expect.arrayContaining([
        expect.objectContaining({ ...missing, region: EAST_2, stream: 'note/b', position: 2, original: EAST }),
        expect.objectContaining({ ...missing, region: EAST, stream: 'note/c', position: 3, original: EAST_2 }),
      ]),
    });
    expect(code).toBe(1);
    const repaired = await run(['verify', '--grace', '0', '--repair']);
    expect(repaired.stdout).toContain(`${EAST_2}: note/b ${EAST}.2 is missing (the original is in ${EAST}). Repaired.`);
    expect(repaired.stdout).toContain('Everything is repaired.');
    expect(repaired.code).toBe(0);
    expect((await verify()).report).toMatchObject(nothing);
  });

  it('finds a row that was put back, and projects it again', async () => {
    const { views } = world.region(WEST).tables;
    const places = Array.from({ length: 100 }, (_, shard) => ({ stream: 'note/a', shard }));
    const entry = (await views.entries('notes', places)).get('note/a');
    if (!entry) throw new Error('There is no row.');
    const version = { [EAST]: 1 };
    const before = { ...entry, revision: entry.revision + 1, version, row: { texts: ['red'] } };
    await views.apply('notes', [before], []);
    const { report, code } = await verify('note');
    expect(report).toMatchObject({ found: [{ region: WEST, stream: 'note/a', view: 'notes' }] });
    expect(code).toBe(1);
    const repaired = await verify('--repair');
    expect([repaired.code, repaired.report]).toMatchObject([0, { found: [{ repaired: true }] }]);
    expect((await verify()).report).toMatchObject(nothing);
  });

  it('finds a total that is not the sum of its contributions, and rebuilds the view', async () => {
    const { views } = world.region(WEST).tables;
    const sums = { key: 'all', shard: 0, sums: { words: 7 }, limit: 1000 };
    await views.apply('words', [], [sums]);
    const { report } = await verify();
    expect(report).toMatchObject({ found: [{ kind: 'total-wrong', region: WEST, view: 'words', key: 'all' }] });
    expect((await verify('--repair')).code).toBe(0);
    expect((await verify()).report).toMatchObject(nothing);
  });

  it('finds a transaction that is incomplete, in one Region or in all', async () => {
    const lost = (await world.region(EAST).load(BOB))[0];
    if (!lost) throw new Error('There is no intent.');
    world.region(EAST_2).tables.events.lose(lost);
    expect((await verify('--repair')).code).toBe(0);
    expect(await world.region(EAST_2).load(BOB)).toEqual([lost]);
    for (const region of [EAST, EAST_2, WEST]) world.region(region).tables.events.lose(lost);
    const { report, code } = await verify('account', '--repair');
    const incomplete = { kind: 'transaction-incomplete', stream: BOB, transaction: `${EAST}:move` };
    expect(report).toMatchObject({
      found: expect.arrayContaining(
        [EAST, EAST_2, WEST].map((region) => expect.objectContaining({ ...incomplete, region })),
      ),
    });
    expect(code).toBe(1);
    world.region(WEST).tables.events.replicate(lost);
    expect((await verify('--repair')).code).toBe(0);
    expect((await verify()).report).toMatchObject(nothing);
  });

  it('stops after so many pages, and continues where it stopped', async () => {
    const lines: string[] = [];
    let args: readonly string[] = [];
    for (let runs = 0; runs < 30; runs++) {
      const { stdout, code } = await run(['verify', '--grace', '0', '--pages', '3', ...args]);
      expect(code).toBe(0);
      lines.push(...stdout.split('\n').filter((line) => line.startsWith('Looked at')));
      const cursor = /--from (\S+)/.exec(stdout)?.[1];
      if (cursor === undefined) break;
      args = ['--from', cursor];
    }
    // Streams and decisions in three Regions, then four views in each.
    expect(lines).toHaveLength((3 * 2 + 3 * 4) / 3);
    expect(lines[0]).toContain('Looked at 5 streams');
  });

  it.each([
    ['a cursor that none is', ['--from', 'x'], 'Write the cursor that an earlier run has printed', 2],
    ['a grace period that is not a number', ['--grace', 'soon'], 'Write a whole number', 2],
    ['a stream type that does not exist', ['nothing'], 'There is no stream type nothing', 1],
    [
      'a cursor of a view that is gone',
      ['--from', Buffer.from(`{"part":"views","region":"${EAST}","view":"gone"}`).toString('base64url')],
      'Start from the beginning',
      1,
    ],
  ])('refuses %s', async (_, args, message, exit) => {
    const { stderr, code } = await run(['verify', ...args]);
    expect(stderr).toContain(message);
    expect(code).toBe(exit);
  });
});
