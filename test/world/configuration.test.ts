import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aWorld } from './a-world.ts';

const regions = ['us-east-1', 'us-west-2'];
const [HERE, THERE] = ['us-east-1', 'us-west-2'] as const;
const STREAM = 'note/a';
const versionSchema = z.object({ version: z.string() });

type Tested = ReturnType<typeof aWorld>;

/** The commits of the stream in a Region, each with its dot. */
async function dotsIn({ world }: Tested, region: string): Promise<Readonly<Record<string, string>>> {
  const commits = await world.region(region).load(STREAM);
  return Object.fromEntries(commits.map(({ commitId, log, position }) => [commitId, `${log}.${position}`]));
}

/** The status of a read of at least the version that a Region has. */
async function readAtLeast({ call, get }: Tested, region: string, of: string): Promise<number> {
  const { version } = versionSchema.parse(await get(of, `/streams/${STREAM}`));
  const { status } = await call(region, 'GET', `/streams/${STREAM}`, { headers: { 'if-at-least': version } });
  return status;
}

describe('a log that gets another name', () => {
  it('is continued under it from position 1, and the earlier one stays as it is', async () => {
    const tested = aWorld({ regions });
    const { world, write, settle, scheduler } = tested;
    await write(HERE, 'a', STREAM, 'red');
    world.renameLog(HERE, 'us-east-1-b');
    await scheduler.run(61_000);
    await write(HERE, 'b', STREAM, 'red');
    await write(THERE, 'c', STREAM, 'blue');
    await settle();
    for (const region of regions)
      expect(await dotsIn(tested, region)).toEqual({ a: 'us-east-1.1', b: 'us-east-1-b.1', c: 'us-west-2.1' });
    expect(await tested.rows(THERE, 'words')).toEqual({ red: 2, blue: 1 });
  });

  it('is unknown where that is not deployed yet', async () => {
    const tested = aWorld({ regions });
    const { world, write, settle } = tested;
    world.renameLog(HERE, 'us-east-1-b', [HERE]);
    world.cut(HERE, THERE);
    await write(HERE, 'a', STREAM, 'red');
    expect(await readAtLeast(tested, THERE, HERE)).toBe(400);
    world.configure();
    world.region(THERE).restart();
    expect(await readAtLeast(tested, THERE, HERE)).toBe(425);
    world.healAll();
    await settle();
    expect(await readAtLeast(tested, THERE, HERE)).toBe(200);
  });

  it('cannot have the name of another', () => {
    const { world } = aWorld({ regions });
    expect(() => world.renameLog(HERE, THERE)).toThrow('Choose a name');
  });
});

describe('a table that is restored to an earlier time', () => {
  it('has what it had then, gets what others have, loses the rest, and is continued under another log', async () => {
    const tested = aWorld({ regions, recovery: true });
    const { world, write, settle, scheduler, heard } = tested;
    await write(HERE, 'everywhere', STREAM, 'red');
    await settle();
    world.cut(HERE, THERE, ['replication']);
    await write(HERE, 'kept', STREAM, 'red');
    const at = scheduler.now();
    world.heal(HERE, THERE);
    await scheduler.run(1);
    await write(HERE, 'elsewhere', 'note/b', 'green');
    await settle();
    world.cut(HERE, THERE);
    await write(HERE, 'lost', STREAM, 'blue');

    world.restoreTable(HERE, { at, log: 'us-east-1-b' });
    world.healAll();
    await settle();
    await write(HERE, 'new', STREAM, 'green');
    await settle();

    const expected = { everywhere: 'us-east-1.1', kept: 'us-east-1.2', new: 'us-east-1-b.1' };
    for (const region of regions) {
      expect(await dotsIn(tested, region)).toEqual(expected);
      expect(await tested.idsIn(region, 'note/b')).toEqual(['elsewhere']);
    }
    expect(heard(THERE).has(`${STREAM}@us-east-1-b.1.0`)).toBe(true);
  });

  it('sends again what it had written and had not arrived', async () => {
    const tested = aWorld({ regions, recovery: true });
    const { world, write, settle, scheduler } = tested;
    await write(HERE, 'kept', STREAM, 'red');
    world.restoreTable(HERE, { at: scheduler.now(), log: 'us-east-1-b' });
    await settle();
    expect(await dotsIn(tested, THERE)).toEqual({ kept: 'us-east-1.1' });
  });

  it('needs a world that remembers', () => {
    const { world, scheduler } = aWorld({ regions });
    expect(() => world.restoreTable(HERE, { at: scheduler.now(), log: 'us-east-1-b' })).toThrow('recovery');
  });
});

describe('a Region that is added', () => {
  const ADDED = 'eu-west-1';

  it('gets all commits, takes part, and builds its views', async () => {
    const tested = aWorld({ regions });
    const { world, write, settle, rows, idsIn } = tested;
    await write(HERE, 'a', STREAM, 'red');
    await settle();

    const added = world.addRegion(ADDED);
    await settle();
    expect(await idsIn(ADDED, STREAM)).toEqual(['a']);
    world.configure();
    await write(ADDED, 'b', STREAM, 'blue');
    await write(HERE, 'c', STREAM, 'green');
    await settle();
    for (const region of [...regions, ADDED]) {
      expect((await idsIn(region, STREAM)).sort()).toEqual(['a', 'b', 'c']);
      expect(await rows(region, 'words')).toEqual({ red: 1, green: 1, blue: 1 });
    }
    expect([...world.regions.keys()]).toEqual([...regions, ADDED]);
    expect(added.tableStream.failures).toEqual([]);
  });

  it('gets forwarded events only from Regions that have learned of it', async () => {
    const { world, write, settle } = aWorld({ regions });
    const heard: unknown[] = [];
    const added = world.addRegion(ADDED);
    added.bus.addRule({ source: [{ prefix: 'meridian.note' }] }, { kind: 'listener', listen: (e) => heard.push(e) });
    world.configure([HERE, ADDED]);
    await write(THERE, 'a', STREAM, 'red');
    await settle();
    expect(heard).toHaveLength(0);
    await write(HERE, 'b', STREAM, 'red');
    await settle();
    expect(heard).toHaveLength(1);
  });

  it('cannot be one that there is, nor join strong decisions', () => {
    const { world } = aWorld({ regions });
    expect(() => world.addRegion(HERE)).toThrow('There is a Region');
    const { world: strong } = aWorld({ regions: ['us-east-1', 'us-east-2', 'us-west-2'], decisions: 'strong' });
    expect(() => strong.addRegion(ADDED)).toThrow('strong decisions');
    expect(() => strong.removeRegion(HERE)).toThrow('strong decisions');
  });
});

describe('a Region that is removed', () => {
  it('leaves its commits, gets nothing any more, and may be added again with another log', async () => {
    const tested = aWorld({ regions: [...regions, 'eu-west-1'] });
    const { world, write, settle, idsIn } = tested;
    await write(THERE, 'a', STREAM, 'red');
    await settle();

    world.removeRegion(THERE);
    await write(HERE, 'b', STREAM, 'red');
    await settle();
    expect(world.idle).toBe(true);
    expect([...world.regions.keys()]).toEqual([HERE, 'eu-west-1']);
    for (const region of world.regions.keys()) expect(await idsIn(region, STREAM)).toEqual(['b', 'a']);

    world.addRegion(THERE, 'us-west-2-b');
    world.configure();
    await settle();
    await write(THERE, 'c', STREAM, 'blue');
    await settle();
    const expected = { a: 'us-west-2.1', b: 'us-east-1.1', c: 'us-west-2-b.1' };
    for (const region of world.regions.keys()) expect(await dotsIn(tested, region)).toEqual(expected);
  });
});
