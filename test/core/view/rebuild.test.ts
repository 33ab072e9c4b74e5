import { describe, expect, it } from 'vitest';
import { defineView, type ViewDefinition } from '../../../core/definition/view.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { REMOVABLE_AFTER_MS, STEP_MS } from '../../../core/limits/budgets.ts';
import type { EventsTable } from '../../../core/ports/events-table.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { readRow } from '../../../core/read/views.ts';
import { beginRebuild, cleanRebuild, rebuildStatus, stepRebuild } from '../../../core/view/rebuild.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { aRegion } from '../a-region.ts';
import {
  after,
  aRunningRegion,
  before,
  build,
  counts,
  domainOf,
  fromScratch,
  last,
  leftOf,
  noting,
  put,
  rowsOf,
  running,
  shown,
  someCommits,
} from './rebuild-fixture.ts';

describe('a rebuild', () => {
  it('shows the same rows as before if the code is unchanged', async () => {
    const us = await aRunningRegion();
    const was = await shown(us);
    for (const view of ['counts', 'last'])
      expect(await build(us, view)).toMatchObject({ done: true, active: { codeVersion: 1, build: 2, behind: false } });
    expect(await shown(us)).toEqual(was);
  });

  it('shows a new view as if it had been there from the start', async () => {
    const us = aRegion();
    put(us, ...someCommits);
    const now = running(us, after);
    expect(await shown(now)).toEqual({ counts: [], last: [] });
    for (const view of ['counts', 'last']) await build(now, view);
    expect(await shown(now)).toEqual(await fromScratch(after, someCommits));
  });

  it('shows changed code with other shards as if it had been there from the start', async () => {
    const us = running(await aRunningRegion(), after);
    for (const view of ['counts', 'last']) await build(us, view, 3);
    expect(await shown(us)).toEqual(await fromScratch(after, someCommits));
    expect(await readRow(us, 'counts', 'text-1!')).toEqual({ key: 'text-1!', value: { notes: 80 } });
    expect(await readRow(us, 'last', '7')).toEqual({ key: '7', value: { all: ['text-2'] } });
  });

  it('changes the number of shards only when the rebuild is complete', async () => {
    const us = running(await aRunningRegion(), domainOf(counts({ shards: 9 }), last({ shards: 1 })));
    const expected = await fromScratch(before, someCommits);
    expect(await shown(us)).toEqual(expected);
    expect(await rebuildStatus(us, { view: 'counts' })).toMatchObject({ active: { shards: 4 } });
    for (const view of ['counts', 'last']) await build(us, view);
    expect(await shown(us)).toEqual(expected);
    expect(await rebuildStatus(us, { view: 'counts' })).toMatchObject({ active: { shards: 9 } });
  });

  it('turns a view of totals into rows, and shows the old data until the rebuild is complete', async () => {
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

  it('reads each stream once, even over many pages', async () => {
    const us = aRegion();
    const long = Array.from({ length: 350 }, (_, i) => noting('long', 'a', { position: i + 1, hlc: `0${1000 + i}` }));
    put(us, ...long, noting('other', 'b'));
    us.events.calls.length = 0;
    const status = await build({ ...us, domain: before }, 'counts', 1);
    expect(us.events.calls.filter((call) => call === 'load')).toHaveLength(2);
    expect(us.events.calls.filter((call) => call === 'scan')).toHaveLength(4);
    expect(status).toMatchObject({ done: true });
  });

  it('includes streams of its type only, and reports how many', async () => {
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

  it('continues after an empty page, which a table may return', async () => {
    const us = { ...aRegion(), domain: before };
    put(us, noting('1', 'a'));
    let pages = 0;
    const events: EventsTable = {
      ...us.events,
      scan: async (segment, segments, cursor, limit) =>
        pages++ === 0
          ? { commits: [], outcomes: [], cursor: 'start' }
          : us.events.scan(segment, segments, cursor === 'start' ? undefined : cursor, limit),
    };
    expect(await build({ ...us, events }, 'last', 1)).toMatchObject({ done: true });
    expect(await rowsOf(us, 'last')).toEqual([{ key: '1', value: 'a' }]);
  });

  it('ends a step after 10 s, and the next continues from there', async () => {
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

  it('refuses an unknown view, and a segment that the build does not have', async () => {
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

  it('stops before a stream that it cannot compute, and reports that stream; the active rows remain', async () => {
    const us = await aRunningRegion();
    const failing = last({
      codeVersion: 2,
      row: (entries: typeof note.initial, id: string) => {
        if (id === '7') throw new Error('The view fails on this text.');
        return entries.length;
      },
    } as Partial<ViewDefinition>);
    const broken = running(us, domainOf(counts(), failing));
    await expect(build(broken, 'last', 1)).rejects.toMatchObject({
      code: 'internal',
      retryable: false,
      details: { stream: 'note/7' },
      message: expect.stringMatching(/last.*note\/7: The view fails on this text\./),
    });
    expect(await rowsOf(broken, 'last')).toEqual((await fromScratch(before, someCommits)).last);
    // The fixed code has another version, so the build starts again.
    const mended = running(us, domainOf(counts(), last({ codeVersion: 3, row: () => 1 } as Partial<ViewDefinition>)));
    await build(mended, 'last', 1);
    expect(await rowsOf(mended, 'last')).toHaveLength(40);
  });

  it('can be retried after a failure of a table, or a lost race', async () => {
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

describe('a rebuild that is started again', () => {
  it('continues the build in progress, whatever number of segments is requested', async () => {
    const us = await aRunningRegion();
    const first = await beginRebuild(us, { view: 'last', segments: 3 });
    await stepRebuild(us, { view: 'last', build: first.build, segment: 1 });
    const again = await beginRebuild(us, { view: 'last', segments: 8 });
    expect(again.build).toBe(first.build);
    expect(again.segments.map(({ done }) => done)).toEqual([false, true, false]);
  });

  it('discards a build by other code, or with other shards, whose rows are deleted later', async () => {
    const us = await aRunningRegion();
    const old = await beginRebuild(us, { view: 'last', segments: 1 });
    const events: EventsTable = {
      ...us.events,
      scan: async (...args) => {
        us.runtime.advance(STEP_MS);
        return { ...(await us.events.scan(...args)), cursor: 'more' };
      },
    };
    await stepRebuild({ ...us, events }, { view: 'last', build: old.build, segment: 0 });
    const sharded = running(us, domainOf(counts(), last({ shards: 2 })));
    const second = await beginRebuild(sharded, { view: 'last', segments: 1 });
    const third = await beginRebuild(running(us, after), { view: 'last', segments: 1 });
    expect([old.build, second.build, third.build]).toEqual([2, 3, 4]);
    expect(third.retired).toMatchObject([{ build: 2 }, { build: 3 }]);
    // A process that continues the old build learns of the new one, and changes nothing.
    expect(await stepRebuild(us, { view: 'last', build: old.build, segment: 0 })).toMatchObject({ build: 4 });
    await build(running(us, after), 'last');
    expect(await rowsOf(running(us, after), 'last')).toEqual((await fromScratch(after, someCommits)).last);
  });

  it('rebuilds a view that is already rebuilt', async () => {
    const us = await aRunningRegion();
    expect(await build(us, 'last')).toMatchObject({ active: { build: 2 } });
    expect(await build(us, 'last')).toMatchObject({ active: { build: 3 } });
    expect(await stepRebuild(us, { view: 'last', build: 2, segment: 0 })).toMatchObject({ done: true, build: 3 });
  });
});

describe('retired rows', () => {
  it('are deleted in steps of 10 s', async () => {
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

  it('are removed from the list by one of two concurrent callers', async () => {
    const us = await aRunningRegion();
    await build(us, 'last');
    us.runtime.advance(REMOVABLE_AFTER_MS);
    const both = await Promise.all([cleanRebuild(us, { view: 'last' }), cleanRebuild(us, { view: 'last' })]);
    expect(both.map(({ retired }) => retired)).toEqual([[], []]);
  });
});
