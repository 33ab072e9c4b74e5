import { describe, expect, it } from 'vitest';
import { type Domain, defineDomain } from '../../../core/definition/domain.ts';
import { defineView, type ViewDefinition } from '../../../core/definition/view.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { REMOVABLE_AFTER_MS } from '../../../core/limits/budgets.ts';
import type { EventsTable } from '../../../core/ports/events-table.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { readRow, readRows } from '../../../core/read/views.ts';
import { storedAs } from '../../../core/view/generation.ts';
import { type ProjectPorts, projectTriggers } from '../../../core/view/projection.ts';
import {
  beginRebuild,
  cleanRebuild,
  type RebuildPorts,
  rebuildStatus,
  stepRebuild,
} from '../../../core/view/rebuild.ts';
import type { Trigger } from '../../../core/view/trigger.ts';
import { account, note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { aRegion } from '../a-region.ts';

type Region = ReturnType<typeof aRegion>;

function noting(stream: string, text: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: `note/${stream}`,
    log: 'us',
    context: {},
    hlc: `0${of.position ?? 1}`,
    events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
    ...of,
  });
}
function key({ stream, log, position }: Commit): Trigger {
  return { stream, log, position, inTable: true };
}
function payload(commit: Commit): Trigger {
  return { ...key(commit), inTable: false, commit };
}

/** How often each text was noted, and each stream's last one: what version 1 of the two views shows. */
function counts(of: Partial<ViewDefinition> = {}): ViewDefinition {
  return defineView({
    name: 'counts',
    kind: 'totals',
    of: note,
    totals: (entries: typeof note.initial) => Object.fromEntries(entries.map(({ text }) => [text, { n: 1 }])),
    ...of,
  } as ViewDefinition);
}
function last(of: Partial<ViewDefinition> = {}): ViewDefinition {
  return defineView({
    name: 'last',
    kind: 'rows',
    of: note,
    row: (entries: typeof note.initial) => entries.at(-1)?.text,
    ...of,
  } as ViewDefinition);
}
/** Version 2: other keys, other rows, other shards. */
const counts2 = counts({
  codeVersion: 2,
  shards: 7,
  totals: (entries: typeof note.initial) => Object.fromEntries(entries.map(({ text }) => [`${text}!`, { notes: 10 }])),
} as Partial<ViewDefinition>);
const last2 = last({
  codeVersion: 2,
  shards: 3,
  row: (entries: typeof note.initial) => ({ all: entries.map(({ text }) => text) }),
} as Partial<ViewDefinition>);

function domainOf(...views: ViewDefinition[]): Domain {
  return defineDomain({ streams: [note, account], views });
}
const before = domainOf(counts(), last());
const after = domainOf(counts2, last2);

/** Ports of other code, over the same tables. */
function running<P extends ProjectPorts>(ports: P, domain: Domain): P {
  return { ...ports, domain };
}

function put({ table }: Region, ...commits: readonly Commit[]): void {
  for (const commit of commits) table.replicate(commit);
}
async function deliver(ports: ProjectPorts, ...triggers: readonly Trigger[]): Promise<void> {
  return expect(await projectTriggers(ports, triggers)).toEqual(new Map());
}

async function rowsOf(ports: Pick<ProjectPorts, 'domain' | 'views'>, view: string): Promise<unknown> {
  return (await readRows(ports, view, undefined, 1000)).rows;
}

/** What a Region with that code and those commits shows that has projected each of them. */
async function fromScratch(domain: Domain, commits: readonly Commit[]) {
  const fresh = { ...aRegion(), domain };
  put(fresh, ...commits);
  await deliver(fresh, ...commits.map(key));
  return shown(fresh);
}
async function shown(ports: Pick<ProjectPorts, 'domain' | 'views'>) {
  return {
    counts: await rowsOf(ports, 'counts'),
    last: await rowsOf(ports, 'last'),
  };
}

async function build(ports: RebuildPorts, view: string, segments = 2) {
  const begun = await beginRebuild(ports, { view, segments });
  let status = begun;
  while (!status.done && status.build === begun.build)
    for (const { segment, done } of status.segments)
      if (!done) status = await stepRebuild(ports, { view, build: begun.build, segment });
  return status;
}

async function leftOf(views: ViewsTable, view: string, codeVersion: number, build: number, shards: number) {
  return !(await views.remove(storedAs(view, { codeVersion: codeVersion, build }), shards, 1));
}

const someCommits = Array.from({ length: 40 }, (_, i) => noting(`${i}`, `text-${i % 5}`));

/** A Region whose views are by the code of before, of those commits. */
async function aRunningRegion(commits = someCommits): Promise<Region> {
  const us = { ...aRegion(), domain: before };
  put(us, ...commits);
  await deliver(us, ...commits.map(key));
  return us;
}

describe('a rebuild', () => {
  it('shows the same as before, of unchanged code', async () => {
    const us = await aRunningRegion();
    const was = await shown(us);
    for (const view of ['counts', 'last'])
      expect(await build(us, view)).toMatchObject({ done: true, active: { codeVersion: 1, build: 2, behind: false } });
    expect(await shown(us)).toEqual(was);
  });

  it('shows what a new view would show that had been there from the start', async () => {
    const us = aRegion();
    put(us, ...someCommits);
    const now = running(us, after);
    expect(await shown(now)).toEqual({ counts: [], last: [] });
    for (const view of ['counts', 'last']) await build(now, view);
    expect(await shown(now)).toEqual(await fromScratch(after, someCommits));
  });

  it('shows what changed code with other shards would have shown from the start', async () => {
    const us = running(await aRunningRegion(), after);
    for (const view of ['counts', 'last']) await build(us, view, 3);
    expect(await shown(us)).toEqual(await fromScratch(after, someCommits));
    expect(await readRow(us, 'counts', 'text-1!')).toEqual({ key: 'text-1!', value: { notes: 80 } });
    expect(await readRow(us, 'last', '7')).toEqual({ key: '7', value: { all: ['text-2'] } });
  });

  it('changes the number of shards, and only then are they others', async () => {
    const us = running(await aRunningRegion(), domainOf(counts({ shards: 9 }), last({ shards: 1 })));
    const expected = await fromScratch(before, someCommits);
    expect(await shown(us)).toEqual(expected);
    expect(await rebuildStatus(us, { view: 'counts' })).toMatchObject({ active: { shards: 4 } });
    for (const view of ['counts', 'last']) await build(us, view);
    expect(await shown(us)).toEqual(expected);
    expect(await rebuildStatus(us, { view: 'counts' })).toMatchObject({ active: { shards: 9 } });
  });

  it('makes rows of a view of totals, and shows until then what there was', async () => {
    const rows = defineView({
      name: 'counts',
      codeVersion: 2,
      kind: 'rows',
      of: note,
      row: (entries) => entries.map(({ text }) => text),
    });
    const us = running(await aRunningRegion(), domainOf(rows, last()));
    expect(await rowsOf(us, 'counts')).toEqual((await fromScratch(before, someCommits)).counts);
    expect(await readRow(us, 'counts', 'text-1')).toEqual({ key: 'text-1', value: { n: 8 } });
    await build(us, 'counts');
    expect(await readRow(us, 'counts', '1')).toEqual({ key: '1', value: ['text-1'] });
  });

  it('reads each stream once, also one of many pages', async () => {
    const us = aRegion();
    const long = Array.from({ length: 350 }, (_, i) => noting('long', 'a', { position: i + 1, hlc: `0${1000 + i}` }));
    put(us, ...long, noting('other', 'b'));
    us.events.calls.length = 0;
    const status = await build({ ...us, domain: before }, 'counts', 1);
    expect(us.events.calls.filter((call) => call === 'load')).toHaveLength(2);
    expect(us.events.calls.filter((call) => call === 'scan')).toHaveLength(4);
    expect(status).toMatchObject({ done: true });
  });

  it('takes in streams of its type only, and says how many', async () => {
    const us = { ...aRegion(), domain: before };
    put(us, noting('1', 'a'), aCommit({ stream: 'account/us.1', log: 'us', context: {} }));
    const { build } = await beginRebuild(us, { view: 'last', segments: 2 });
    const first = await stepRebuild(us, { view: 'last', build, segment: 0 });
    expect(first).toEqual({
      view: 'last',
      codeVersion: 1,
      build: 2,
      segments: [
        { segment: 0, streams: expect.any(Number), done: true },
        { segment: 1, streams: 0, done: false },
      ],
      streams: first.segments[0]?.streams,
      done: false,
      active: { codeVersion: 1, build: 1, shards: 4, behind: false },
      retired: [],
    });
    expect(await stepRebuild(us, { view: 'last', build, segment: 1 })).toMatchObject({ done: true, build: 2 });
    expect(await rowsOf(us, 'last')).toEqual([{ key: '1', value: 'a' }]);
  });

  it('reads on behind a page that is empty, as a table may answer', async () => {
    const us = { ...aRegion(), domain: before };
    put(us, noting('1', 'a'));
    let pages = 0;
    const events: EventsTable = {
      ...us.events,
      scan: async (segment, segments, cursor, limit) =>
        pages++ === 0
          ? { commits: [], cursor: 'start' }
          : us.events.scan(segment, segments, cursor === 'start' ? undefined : cursor, limit),
    };
    expect(await build({ ...us, events }, 'last', 1)).toMatchObject({ done: true });
    expect(await rowsOf(us, 'last')).toEqual([{ key: '1', value: 'a' }]);
  });

  it('ends a step after 15 s, and the next goes on from there', async () => {
    const us = { ...aRegion(), domain: before };
    put(us, ...Array.from({ length: 250 }, (_, i) => noting(`${i}`, 'a')));
    const slow: EventsTable = {
      ...us.events,
      scan: async (...args) => {
        us.runtime.advance(8_000);
        return us.events.scan(...args);
      },
    };
    const ports = { ...us, events: slow };
    const { build } = await beginRebuild(ports, { view: 'last', segments: 1 });
    const step = { view: 'last', build, segment: 0 };
    expect(await stepRebuild(ports, step)).toMatchObject({ streams: 200, done: false });
    expect(await stepRebuild(ports, step)).toMatchObject({ done: true });
    expect(await rowsOf(us, 'last')).toHaveLength(250);
  });

  it('refuses a view that there is not, and a segment that the build has not', async () => {
    const us = await aRunningRegion();
    await expect(beginRebuild(us, { view: 'none', segments: 1 })).rejects.toMatchObject({ code: 'unknown-view' });
    await expect(rebuildStatus(us, { view: 'none' })).rejects.toMatchObject({ code: 'unknown-view' });
    await expect(cleanRebuild(us, { view: 'none' })).rejects.toMatchObject({ code: 'unknown-view' });
    await expect(stepRebuild(us, { view: 'none', build: 1, segment: 0 })).rejects.toMatchObject({
      code: 'unknown-view',
    });
    const { build } = await beginRebuild(us, { view: 'last', segments: 2 });
    await expect(stepRebuild(us, { view: 'last', build, segment: 2 })).rejects.toMatchObject({
      code: 'not-found',
      details: { segments: 2 },
    });
  });

  it('stands still before a stream that it cannot compute, and says which; what is read stays', async () => {
    const us = await aRunningRegion();
    const failing = last({
      codeVersion: 2,
      row: (entries: typeof note.initial, id: string) => {
        if (id === '7') throw new Error('The view cannot bear this.');
        return entries.length;
      },
    } as Partial<ViewDefinition>);
    const broken = running(us, domainOf(counts(), failing));
    await expect(build(broken, 'last', 1)).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      details: { stream: 'note/7' },
      message: 'last cannot be built, because of note/7: The view cannot bear this. What is read now stays as it is.',
    });
    expect(await rowsOf(broken, 'last')).toEqual((await fromScratch(before, someCommits)).last);
    // Mended, and so of another version: the build begins again.
    const mended = running(us, domainOf(counts(), last({ codeVersion: 3, row: () => 1 } as Partial<ViewDefinition>)));
    await build(mended, 'last', 1);
    expect(await rowsOf(mended, 'last')).toHaveLength(40);
  });

  it('can be tried again when a table did not answer, or others were faster', async () => {
    const us = await aRunningRegion();
    const outage = new MeridianError('unavailable', 'Not now.', { retryable: true });
    const views: ViewsTable = { ...us.views, apply: () => Promise.reject(outage) };
    await expect(build({ ...us, views }, 'last')).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    const busy: ViewsTable = { ...us.views, apply: async () => false };
    await expect(build({ ...us, views: busy }, 'last')).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    const strange: ViewsTable = { ...us.views, apply: () => Promise.reject('strange') };
    await expect(build({ ...us, views: strange }, 'last')).rejects.toMatchObject({ code: 'internal' });
    await build(us, 'last');
    expect(await rowsOf(us, 'last')).toHaveLength(40);
  });
});

describe('begun again', () => {
  it('goes on with the build that is under way, whatever number of segments is asked for', async () => {
    const us = await aRunningRegion();
    const first = await beginRebuild(us, { view: 'last', segments: 3 });
    await stepRebuild(us, { view: 'last', build: first.build, segment: 1 });
    const again = await beginRebuild(us, { view: 'last', segments: 8 });
    expect(again.build).toBe(first.build);
    expect(again.segments.map(({ done }) => done)).toEqual([false, true, false]);
  });

  it('gives a build up that is by other code, or with other shards, whose rows are taken away later', async () => {
    const us = await aRunningRegion();
    const old = await beginRebuild(us, { view: 'last', segments: 1 });
    const events: EventsTable = {
      ...us.events,
      scan: async (...args) => {
        us.runtime.advance(15_000);
        return { ...(await us.events.scan(...args)), cursor: 'more' };
      },
    };
    await stepRebuild({ ...us, events }, { view: 'last', build: old.build, segment: 0 });
    const sharded = running(us, domainOf(counts(), last({ shards: 2 })));
    const second = await beginRebuild(sharded, { view: 'last', segments: 1 });
    const third = await beginRebuild(running(us, after), { view: 'last', segments: 1 });
    expect([old.build, second.build, third.build]).toEqual([2, 3, 4]);
    expect(third.retired).toMatchObject([{ build: 2 }, { build: 3 }]);
    // A driver of the old build is told, and does no harm.
    expect(await stepRebuild(us, { view: 'last', build: old.build, segment: 0 })).toMatchObject({ build: 4 });
    await build(running(us, after), 'last');
    expect(await rowsOf(running(us, after), 'last')).toEqual((await fromScratch(after, someCommits)).last);
  });

  it('builds once more what is built already', async () => {
    const us = await aRunningRegion();
    expect(await build(us, 'last')).toMatchObject({ active: { build: 2 } });
    expect(await build(us, 'last')).toMatchObject({ active: { build: 3 } });
    expect(await stepRebuild(us, { view: 'last', build: 2, segment: 0 })).toMatchObject({ done: true, build: 3 });
  });
});

describe('drivers at once', () => {
  it('of all segments, each of them twice, build the same', async () => {
    const us = await aRunningRegion(Array.from({ length: 300 }, (_, i) => noting(`${i}`, `text-${i % 7}`)));
    const now = running(us, after);
    const drive = async (view: string) => {
      const { build, segments } = await beginRebuild(now, { view, segments: 4 });
      const step = async (segment: number) => {
        while (!(await stepRebuild(now, { view, build, segment })).done) await Promise.resolve();
      };
      await Promise.all(segments.flatMap(({ segment }) => [step(segment), step(segment)]));
    };
    await Promise.all(['counts', 'last', 'counts'].map(drive));
    expect(await shown(now)).toEqual(
      await fromScratch(
        after,
        Array.from({ length: 300 }, (_, i) => noting(`${i}`, `text-${i % 7}`)),
      ),
    );
  });
});

describe('commits that come during a build', () => {
  const late = [noting('1', 'late', { position: 2, context: { us: 1 } }), noting('new', 'late')];

  it.each([
    ['by the table', key],
    ['by the bus first', payload],
  ])('%s are in both generations, wherever the build is', async (_, first) => {
    for (const steps of [0, 1, 2]) {
      const us = await aRunningRegion();
      const now = running(us, before);
      const { build: number } = await beginRebuild(now, { view: 'last', segments: 2 });
      for (let segment = 0; segment < Math.min(steps, 1); segment++)
        await stepRebuild(now, { view: 'last', build: number, segment });
      await deliver(now, ...late.filter(() => first === payload).map(first));
      put(us, ...late);
      await deliver(now, ...late.map(key));
      const expected = await fromScratch(before, [...someCommits, ...late]);
      expect(await shown(now)).toEqual(expected);
      await build(now, 'last', 2);
      expect(await shown(now)).toEqual(expected);
    }
  });

  it('are not lost to a projector that looked before the build began, and ends after the swap', async () => {
    const us = await aRunningRegion();
    put(us, ...late);
    // It has read which generations there are, and now something else goes first.
    let first = true;
    const views: ViewsTable = {
      ...us.views,
      entries: async (...args) => {
        if (first) {
          first = false;
          await build(us, 'last');
        }
        return us.views.entries(...args);
      },
    };
    await deliver({ ...us, views }, ...late.map(key));
    expect(await shown(us)).toEqual(await fromScratch(before, [...someCommits, ...late]));
  });

  it('may be written to the old rows until two minutes after the swap, and are taken away with them', async () => {
    const us = await aRunningRegion();
    put(us, ...late);
    const stale = await us.views.generations(['counts', 'last']);
    await build(us, 'last');
    us.runtime.advance(REMOVABLE_AFTER_MS - 1);
    expect(await cleanRebuild(us, { view: 'last' })).toMatchObject({ retired: [{ codeVersion: 1, build: 1 }] });
    await deliver({ ...us, views: { ...us.views, generations: async () => stale } }, ...late.map(key));
    us.runtime.advance(1);
    expect(await cleanRebuild(us, { view: 'last' })).toMatchObject({ retired: [] });
    expect(await leftOf(us.views, 'last', 1, 1, 4)).toBe(false);
    expect(await rowsOf(us, 'last')).toHaveLength(41);
  });
});

describe('code of another version', () => {
  const commit = noting('1', 'late', { position: 2, context: { us: 1 } });

  it('that is older gives what newer code is building back, so that none of it is lost', async () => {
    const us = await aRunningRegion();
    const now = running(us, after);
    const { build: number } = await beginRebuild(now, { view: 'last', segments: 1 });
    await stepRebuild(now, { view: 'last', build: number, segment: 0 });
    put(us, commit);
    for (let i = 0; i < 2; i++) {
      const failed = await projectTriggers(us, [key(commit)]);
      expect([...failed.keys()]).toEqual(['note/1']);
      expect(failed.get('note/1')).toMatchObject({ code: 'unavailable', retryable: true });
    }
    await deliver(now, key(commit));
    expect(await rowsOf(now, 'last')).toEqual((await fromScratch(after, [...someCommits, commit])).last);
  });

  it('that is older still keeps up to date what it can', async () => {
    const us = await aRunningRegion();
    await beginRebuild(running(us, after), { view: 'last', segments: 1 });
    put(us, commit);
    await projectTriggers(us, [key(commit)]);
    expect(await readRow(us, 'last', '1')).toEqual({ key: '1', value: 'late' });
    expect(await readRow(us, 'counts', 'late')).toEqual({ key: 'late', value: { n: 1 } });
  });

  it('that is newer leaves the rows as they are until it has built its own, and says that they are behind', async () => {
    const us = await aRunningRegion();
    const now = running(us, after);
    put(us, commit);
    await deliver(now, key(commit));
    expect(await readRow(now, 'last', '1')).toEqual({ key: '1', value: 'text-1' });
    expect(await rebuildStatus(now, { view: 'last' })).toMatchObject({
      codeVersion: 2,
      done: true,
      active: { codeVersion: 1, behind: true },
    });
    // Put back, the older code does not take it for complete.
    await deliver(us, key(commit));
    expect(await rebuildStatus(us, { view: 'last' })).toMatchObject({ codeVersion: 1, active: { behind: true } });
    expect(await build(us, 'last')).toMatchObject({ active: { codeVersion: 1, build: 2, behind: false } });
    expect(await rowsOf(us, 'last')).toEqual((await fromScratch(before, [...someCommits, commit])).last);
  });

  it('that is put back gives everything back until it is rebuilt; from then on nothing', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    for (const view of ['counts', 'last']) await build(newer, view);
    put(us, commit);
    expect([...(await projectTriggers(us, [key(commit)])).keys()]).toEqual(['note/1']);
    for (const view of ['counts', 'last']) await beginRebuild(us, { view, segments: 1 });
    await deliver(us, key(commit));
    for (const view of ['counts', 'last']) await build(us, view);
    expect(await shown(us)).toEqual(await fromScratch(before, [...someCommits, commit]));
    expect(await rebuildStatus(us, { view: 'last' })).toMatchObject({
      active: { codeVersion: 1, build: 3, behind: false },
    });
  });

  it('that goes forward again, while the older code was building, notes that this build has gaps', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    await build(newer, 'last');
    const { build: number } = await beginRebuild(us, { view: 'last', segments: 1 });
    put(us, commit);
    await deliver(newer, key(commit));
    // The newer code's own generation is served on; the older code had leave to pass it by.
    expect(await readRow(newer, 'last', '1')).toEqual({ key: '1', value: { all: ['text-1', 'late'] } });
    expect(await rebuildStatus(newer, { view: 'last' })).toMatchObject({ active: { codeVersion: 2, behind: true } });
    await expect(stepRebuild(us, { view: 'last', build: number, segment: 0 })).rejects.toMatchObject({
      code: 'version-conflict',
    });
    expect(await build(newer, 'last')).toMatchObject({ active: { codeVersion: 2, behind: false } });
  });

  it('neither goes on with a build of other code, nor with one that commits have passed by', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    const { build: number } = await beginRebuild(us, { view: 'last', segments: 1 });
    const step = { view: 'last', build: number, segment: 0 };
    await expect(stepRebuild(newer, step)).rejects.toMatchObject({ code: 'version-conflict' });
    put(us, commit);
    await deliver(newer, key(commit));
    await expect(stepRebuild(us, step)).rejects.toMatchObject({
      code: 'version-conflict',
      message: expect.stringContaining('begin again'),
    });
    expect((await beginRebuild(us, { view: 'last', segments: 1 })).build).toBe(number + 1);
  });

  it('does not swap a build that commits passed by while its last page was on the way', async () => {
    const us = await aRunningRegion();
    const { build: number } = await beginRebuild(us, { view: 'last', segments: 1 });
    put(us, commit);
    const events: EventsTable = {
      ...us.events,
      scan: async (...args) => {
        const page = await us.events.scan(...args);
        await deliver(running(us, after), key(commit));
        return page;
      },
    };
    await expect(stepRebuild({ ...us, events }, { view: 'last', build: number, segment: 0 })).rejects.toMatchObject({
      code: 'version-conflict',
    });
    expect(await rebuildStatus(us, { view: 'last' })).toMatchObject({ done: false, active: { build: 1 } });
  });

  it('of two versions deployed at once for the first time keep what one of them began with', async () => {
    const us = { ...aRegion(), domain: before };
    put(us, commit, noting('1', 'first'));
    await Promise.all([projectTriggers(us, [key(commit)]), projectTriggers(running(us, after), [key(commit)])]);
    const { active } = await rebuildStatus(us, { view: 'last' });
    expect([1, 2]).toContain(active.codeVersion);
    const code = active.codeVersion === 1 ? us : running(us, after);
    await deliver(code, key(commit));
    expect(await rowsOf(code, 'last')).toEqual((await fromScratch(code.domain, [commit, noting('1', 'first')])).last);
  });
});

describe('rows that are no longer read', () => {
  it('are taken away in portions of 15 s', async () => {
    const us = await aRunningRegion(Array.from({ length: 1200 }, (_, i) => noting(`${i}`, `text-${i % 7}`)));
    await build(us, 'last');
    us.runtime.advance(REMOVABLE_AFTER_MS);
    const views: ViewsTable = {
      ...us.views,
      remove: async (...args) => {
        us.runtime.advance(8_000);
        return us.views.remove(...args);
      },
    };
    expect(await cleanRebuild({ ...us, views }, { view: 'last' })).toMatchObject({ retired: [{ build: 1 }] });
    expect(await leftOf(us.views, 'last', 1, 1, 4)).toBe(true);
    expect(await cleanRebuild(us, { view: 'last' })).toMatchObject({ retired: [] });
    expect(await leftOf(us.views, 'last', 1, 1, 4)).toBe(false);
  });

  it('are forgotten by one of two that take them away', async () => {
    const us = await aRunningRegion();
    await build(us, 'last');
    us.runtime.advance(REMOVABLE_AFTER_MS);
    const both = await Promise.all([cleanRebuild(us, { view: 'last' }), cleanRebuild(us, { view: 'last' })]);
    expect(both.map(({ retired }) => retired)).toEqual([[], []]);
  });
});

describe('a rebuild that dies at any call', () => {
  const commits = Array.from({ length: 24 }, (_, i) => noting(`${i}`, `text-${i % 5}`));

  /** Ports of which one call, the `nth`, is not made, or is made and not answered. */
  const dying = (us: Region, nth: number, isAnswerLost: boolean) => {
    let calls = 0;
    const dead = new Error('The function died.');
    const guarded = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return async (...args: readonly unknown[]) => {
            const mine = ++calls;
            if (mine > nth || (mine === nth && !isAnswerLost)) throw dead;
            const answer: unknown = await Reflect.apply(method, target, args);
            if (mine === nth) throw dead;
            return answer;
          };
        },
      });
    return { ports: { ...us, views: guarded(us.views), events: guarded(us.table) }, calls: () => calls };
  };

  it.each([false, true])('is gone on with, and builds the same (answer lost: %s)', async (isAnswerLost) => {
    const expected = await fromScratch(after, commits);
    let died = 0;
    for (let nth = 1, done = false; !done; nth++) {
      const us = running(await aRunningRegion(commits), after);
      const { ports, calls } = dying(us, nth, isAnswerLost);
      const everything = async (own: RebuildPorts) => {
        for (const view of ['counts', 'last']) await build(own, view);
        us.runtime.advance(REMOVABLE_AFTER_MS);
        for (const view of ['counts', 'last']) await cleanRebuild(own, { view });
      };
      try {
        await everything(ports);
        done = calls() < nth;
      } catch {
        died++;
      }
      await everything(us);
      us.runtime.advance(REMOVABLE_AFTER_MS);
      for (const view of ['counts', 'last']) {
        const { retired } = await cleanRebuild(us, { view });
        expect(retired).toEqual([]);
      }
      expect(await shown(us)).toEqual(expected);
      const { active } = await rebuildStatus(us, { view: 'last' });
      for (let number = 1; number < active.build; number++)
        for (const version of [1, 2]) expect(await leftOf(us.views, 'last', version, number, 4)).toBe(false);
    }
    expect(died).toBeGreaterThan(20);
  });
});
