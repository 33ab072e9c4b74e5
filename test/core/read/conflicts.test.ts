import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineDomain, defineStream } from '../../../core/index.ts';
import { readConflicts } from '../../../core/read/conflicts.ts';
import { evolveBy, initialBy, keepAll, lastWriterWins } from '../../../core/rules/index.ts';
import { decodeConflictCursor, encodeConflictPage } from '../../../core/wire/api.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, command, noted, REGIONS, replicate } from '../a-region.ts';

const STREAM = 'profile/ann';

const rules = { name: lastWriterWins(''), addresses: keepAll<string>() };
const profile = defineStream({
  type: 'profile',
  mode: 'merge',
  events: {
    Changed: {
      schemaVersion: 1,
      schema: z.object({ name: z.string().optional(), address: z.string().optional() }),
      sample: {},
    },
  },
  initial: initialBy(rules),
  evolve: evolveBy(rules, { Changed: ({ data: { name, address } }) => ({ name, addresses: address }) }),
  commands: {
    change: {
      input: z.object({ name: z.string().optional(), address: z.string().optional() }),
      decide: (_state, data) => [{ type: 'Changed', data }],
    },
  },
});

/** Two Regions that change a profile, and receive what the other one has written when told to. */
function twoRegions(domain = defineDomain({ streams: [profile, note], views: [] })) {
  const [us, eu] = [aRegion('us', fakeRuntime(), domain), aRegion('eu', fakeRuntime(), domain)];
  const change = (region: typeof us, input: object) =>
    appendToStream(region, anAppend({ stream: STREAM, operation: command('change', input) }));
  const meet = async (stream = STREAM): Promise<void> => {
    await replicate(stream, us, eu);
    await replicate(stream, eu, us);
    us.warm.clear();
    eu.warm.clear();
  };
  return { us, eu, change, meet };
}

describe('conflicts', () => {
  it('are two changes of one part whose writers had not seen each other, with the rule that decided', async () => {
    const { us, eu, change, meet } = twoRegions();
    await change(us, { name: 'Ann' });
    await meet();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await change(eu, { address: '12 Elm Street' });
    await meet();
    const page = await readConflicts(us, STREAM, { limit: 10 });
    expect(encodeConflictPage(STREAM, page).conflicts).toMatchObject([
      {
        kind: 'concurrent',
        about: [{ part: 'name', rule: 'lastWriterWins', open: false }],
        against: [{}],
        open: false,
      },
    ]);
    const places = page.conflicts.flatMap(({ commit, against }) =>
      [commit, ...against].map(({ log, position }) => `${log}.${position}`),
    );
    expect(places.toSorted()).toEqual(['eu.1', 'us.2']);
    expect(await readConflicts(eu, STREAM, { limit: 10 })).toEqual(page);
  });

  it('name the versions of both sides, at which each can be read', async () => {
    const { us, eu, change, meet } = twoRegions();
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await change(eu, { name: 'Annie' });
    await meet();
    const { conflicts } = await readConflicts(us, STREAM, { limit: 10 });
    for (const { commit, branches, merged } of conflicts) {
      const [own, other] = branches;
      expect(own[commit.log]).toBe(commit.position);
      expect(Object.keys(other)).toEqual([commit.log === 'us' ? 'eu' : 'us']);
      expect(merged).toEqual({ ...own, ...other });
    }
  });

  it('of values that are all kept are open, until a change that has seen all of them', async () => {
    const { us, eu, change, meet } = twoRegions();
    await change(us, { address: '12 Elm Street' });
    await change(eu, { address: '3 Oak Street' });
    await meet();
    const openIn = async (isOpen: boolean) =>
      encodeConflictPage(STREAM, await readConflicts(eu, STREAM, { isOpen, limit: 10 })).conflicts;
    expect(await openIn(true)).toHaveLength(1);
    expect(await openIn(false)).toEqual([]);
    await change(us, { name: 'Ann' });
    await meet();
    expect(await openIn(true)).toHaveLength(1);
    await change(eu, { address: '4 Oak Street' });
    expect(await openIn(true)).toEqual([]);
    expect(await openIn(false)).toMatchObject([{ open: false, resolvedBy: { log: 'eu', position: 2, region: 'eu' } }]);
  });

  it('are not shown if the type says that two events do not conflict', async () => {
    const calm = defineStream({ ...profile, conflicts: (a, b) => a.data.name === 'Ann' || b.data.name === 'Ann' });
    const { us, eu, change, meet } = twoRegions(defineDomain({ streams: [calm], views: [] }));
    await change(us, { name: 'Anna' });
    await change(eu, { name: 'Anne' });
    await meet();
    expect((await readConflicts(us, STREAM, { limit: 10 })).conflicts).toEqual([]);
    await change(us, { name: 'Ann' });
    await change(eu, { address: '3 Oak Street' });
    await meet();
    expect((await readConflicts(us, STREAM, { limit: 10 })).conflicts).toMatchObject([
      { about: [{ part: 'state', rule: 'evolve', isOpen: false }] },
    ]);
  });

  it('are read page by page, in fold order', async () => {
    const { us, eu, meet } = twoRegions();
    const texts = ['a', 'b', 'c', 'd'];
    for (const text of texts) {
      await appendToStream(us, anAppend({ operation: noted(`us ${text}`) }));
      await appendToStream(eu, anAppend({ operation: noted(`eu ${text}`) }));
    }
    await meet('note/n');
    const all = await readConflicts(us, 'note/n', { limit: 100 });
    expect(all.conflicts.length).toBeGreaterThan(4);
    expect(all.more).toBe(false);
    const read: unknown[] = [];
    let next: string | undefined;
    do {
      const after = next === undefined ? undefined : decodeConflictCursor(next);
      const page = encodeConflictPage('note/n', await readConflicts(us, 'note/n', { limit: 3, after }));
      read.push(...page.conflicts);
      next = page.next;
    } while (next !== undefined);
    expect(read).toEqual(encodeConflictPage('note/n', all).conflicts);
  });

  it('is shown for an id that two requests used, of which the later one does not count', async () => {
    const { us, eu, meet } = twoRegions();
    const called = (name: string) => ({ stream: STREAM, commitId: 'same', operation: command('change', { name }) });
    await appendToStream(us, anAppend(called('Ann')));
    await appendToStream(eu, anAppend(called('Bob')));
    await meet();
    const { conflicts } = await readConflicts(us, STREAM, { limit: 10 });
    expect(conflicts).toMatchObject([{ kind: 'id-reused', about: [], against: [{ commitId: 'same' }] }]);
    const [{ commit } = { commit: undefined }] = conflicts;
    expect((await readConflicts(us, STREAM, { limit: 10, after: commit })).conflicts).toEqual([]);
    expect((await readConflicts(us, STREAM, { limit: 10, isOpen: false, after: commit })).conflicts).toEqual([]);
  });

  it('do not show less than the version that is asked for', async () => {
    const { us, change } = twoRegions();
    const { version } = await change(us, { name: 'Ann' });
    expect(await readConflicts(us, STREAM, { limit: 1, atLeast: version })).toMatchObject({ version });
    let loads = 0;
    const forgetful = {
      ...us.events,
      load: async (...of: Parameters<typeof us.events.load>) => (++loads === 1 ? us.table.load(...of) : []),
    };
    const snapshots = defineDomain({
      streams: [{ ...profile, snapshots: { every: 1, codeVersion: 1, settle: 0 } }],
      views: [],
    });
    us.runtime.advance(60_000);
    await expect(
      readConflicts({ ...us, domain: snapshots, events: forgetful }, STREAM, { limit: 1, atLeast: version, waitMs: 0 }),
    ).rejects.toThrow(expect.objectContaining({ code: 'not-caught-up' }));
  });

  it('of an unknown place, or of a place that no page can name, are refused', async () => {
    const { us, change } = twoRegions();
    await change(us, { name: 'Ann' });
    await expect(readConflicts(us, STREAM, { limit: 1, after: { log: 'eu', position: 1 } })).rejects.toThrow(
      expect.objectContaining({ code: 'validation' }),
    );
    for (const text of ['', 'us', 'us.0', '.1', 'us.-1', 'us.1.5', `us.${'9'.repeat(20)}`])
      expect(() => decodeConflictCursor(text)).toThrow(expect.objectContaining({ code: 'validation' }));
  });

  it('are none without commits, and wait for a version that is asked for', async () => {
    const { us } = twoRegions();
    expect(await readConflicts(us, STREAM, { limit: 1 })).toEqual({ conflicts: [], version: {}, more: false });
    await expect(readConflicts(us, STREAM, { limit: 1, atLeast: { [REGIONS[1] ?? '']: 1 } })).rejects.toThrow(
      expect.objectContaining({ code: 'not-caught-up' }),
    );
  });
});
