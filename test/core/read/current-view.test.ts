import { describe, expect, it } from 'vitest';
import type { VersionVector } from '../../../core/facts/version.ts';
import { type Domain, defineDomain, defineView } from '../../../core/index.ts';
import { readRow, readRows } from '../../../core/read/views.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { beginRebuild, stepRebuild } from '../../../core/view/rebuild.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, aRegion, noted } from '../a-region.ts';

const last = defineView({
  name: 'last',
  kind: 'rows',
  of: note,
  // A stream whose last text is `none` has no row.
  row: (entries) => (entries.at(-1)?.text === 'none' ? undefined : entries.at(-1)?.text),
});
const counts = defineView({
  name: 'counts',
  kind: 'totals',
  of: note,
  totals: (entries) => ({ [entries.at(-1)?.text ?? '']: { n: 1 } }),
});
const domain = defineDomain({ streams: [note], views: [last, counts] });
const STREAM = 'note/a';

function seen(version: VersionVector, stream = STREAM) {
  return { atLeast: new Map([[stream, version]]) };
}

/** A Region that records the reads of its views, and projects when it is asked to. */
function aViewer(of: Domain = domain) {
  const us = aRegion('us', fakeRuntime(), of);
  const reads: string[] = [];
  const views: typeof us.views = {
    ...us.views,
    generations: (...args) => {
      reads.push('generations');
      return us.views.generations(...args);
    },
    entries: (view, places) => {
      reads.push(`entries ${places.length}`);
      return us.views.entries(view, places);
    },
    rows: (view, shards, page) => {
      reads.push(`rows${page.consistent ? ' consistent' : ''}`);
      return us.views.rows(view, shards, page);
    },
    totals: (view, shards, page) => {
      reads.push(`totals${page.consistent ? ' consistent' : ''}`);
      return us.views.totals(view, shards, page);
    },
    total: (view, shards, key, consistent) => {
      reads.push(`total${consistent ? ' consistent' : ''}`);
      return us.views.total(view, shards, key, consistent);
    },
  };
  const ports = { ...us, views };
  return {
    us,
    ports,
    write: async (text: string, stream = STREAM) =>
      (await appendToStream(us, anAppend({ stream, operation: noted(text) }))).version,
    project: async (position: number, stream = STREAM) =>
      expect(await projectTriggers(us, [{ stream, log: 'us', position, inTable: true }])).toEqual(new Map()),
    readsOf: async (act: () => Promise<unknown>) => {
      reads.length = 0;
      await act();
      return [...reads];
    },
  };
}

describe('a view read with the version of a stream', () => {
  it('is shown as soon as it includes that version, and reported as behind until then', async () => {
    const { ports, us, write, project } = aViewer();
    await write('red');
    await project(1);
    const version = await write('blue');
    const began = us.runtime.elapsed();
    await expect(readRow(ports, 'last', 'a', seen(version))).rejects.toMatchObject({
      code: 'not-caught-up',
      retryable: true,
      details: { seen: expect.any(String), wanted: expect.any(String), behind: [STREAM] },
    });
    expect(us.runtime.elapsed() - began).toBeLessThanOrEqual(2_000);
    expect(await readRow(ports, 'last', 'a')).toEqual({ key: 'a', value: 'red' });
    const sleep: typeof us.runtime.sleep = async (milliseconds) => {
      await us.runtime.sleep(milliseconds);
      if (us.runtime.elapsed() > 20_000) await project(2);
    };
    us.runtime.advance(15_000);
    const waiting = { ...ports, runtime: { ...us.runtime, sleep } };
    expect(await readRow(waiting, 'last', 'a', { ...seen(version), waitMs: 10_000 })).toMatchObject({ value: 'blue' });
    expect(us.runtime.elapsed()).toBeGreaterThan(20_000);
  });

  it('is shown if it includes a later version, of a stream without a row too', async () => {
    const { ports, write, project } = aViewer();
    const version = await write('red');
    await write('none');
    await project(2);
    await expect(readRow(ports, 'last', 'a', seen(version))).rejects.toMatchObject({ code: 'not-found' });
    expect(await readRows(ports, 'last', seen(version))).toEqual({ rows: [], next: undefined });
    expect(await readRow(ports, 'counts', 'none', seen(version))).toEqual({ key: 'none', value: { n: 1 } });
  });

  it('waits for every stream that is named, and never for the empty version', async () => {
    const { ports, write, project } = aViewer();
    const [a, b] = [await write('red'), await write('blue', 'note/b')];
    await project(1);
    const both = { atLeast: new Map([...seen(a).atLeast, ...seen(b, 'note/b').atLeast]), waitMs: 0 };
    await expect(readRows(ports, 'last', both)).rejects.toMatchObject({ details: { behind: ['note/b'] } });
    await project(1, 'note/b');
    expect((await readRows(ports, 'last', both)).rows).toHaveLength(2);
    expect((await readRows(ports, 'counts', both)).rows).toHaveLength(2);
    expect(await readRow(ports, 'last', 'a', seen({}, 'note/none'))).toMatchObject({ value: 'red' });
  });

  it('has no row under a key that no stream can have, and asks no table for it', async () => {
    const { ports, readsOf } = aViewer();
    const missing = readRow(ports, 'last', 'x'.repeat(1_020));
    await expect(missing).rejects.toMatchObject({ code: 'not-found' });
    expect(await readsOf(() => readRow(ports, 'last', 'x'.repeat(1_020)).catch(() => {}))).toEqual(['generations']);
  });

  it('refuses streams of another type, and too many', async () => {
    const { ports } = aViewer();
    const faults = { code: 'validation', details: { faults: [{ path: 'atLeast', message: expect.any(String) }] } };
    await expect(readRow(ports, 'last', 'a', seen({ us: 1 }, 'account/a'))).rejects.toMatchObject(faults);
    const many = new Map(Array.from({ length: 51 }, (_, i) => [`note/${i}`, {}]));
    await expect(readRows(ports, 'last', { atLeast: many })).rejects.toMatchObject(faults);
  });

  it('costs no more requests than without, if the row is that of the stream, and one more otherwise', async () => {
    const { ports, write, project, readsOf } = aViewer();
    const version = await write('red');
    await project(1);
    const options = seen(version);
    for (const _warm of [false, true]) {
      expect(await readsOf(() => readRow(ports, 'last', 'a'))).toEqual(['generations', 'entries 1']);
      expect(await readsOf(() => readRow(ports, 'last', 'a', options))).toEqual(['generations', 'entries 1']);
      expect(await readsOf(() => readRow(ports, 'last', 'b', options).catch(() => {}))).toEqual([
        ...['generations', 'entries 2'],
      ]);
      expect(await readsOf(() => readRow(ports, 'counts', 'red'))).toEqual(['generations', 'total']);
      expect(await readsOf(() => readRow(ports, 'counts', 'red', options))).toEqual([
        ...['generations', 'entries 1', 'total consistent'],
      ]);
      expect(await readsOf(() => readRows(ports, 'counts'))).toEqual(['generations', 'totals']);
      expect(await readsOf(() => readRows(ports, 'counts', options))).toEqual([
        ...['generations', 'entries 1', 'totals consistent'],
      ]);
      expect(await readsOf(() => readRows(ports, 'last', { ...options, atLeast: new Map() }))).toEqual([
        ...['generations', 'rows'],
      ]);
      expect(await readsOf(() => readRows(ports, 'last', options))).toEqual([
        ...['generations', 'entries 1', 'rows consistent'],
      ]);
    }
  });

  it('is asked for at most two requests each, less often the longer it waits', async () => {
    const { ports, write, readsOf } = aViewer();
    const version = await write('red');
    const rounds = async (waitMs: number) =>
      (await readsOf(() => readRow(ports, 'counts', 'red', { ...seen(version), waitMs }).catch(() => {}))).length / 2;
    expect(await rounds(0)).toBe(1);
    expect(await rounds(2_000)).toBeLessThanOrEqual(15);
    expect(await rounds(10_000)).toBeLessThanOrEqual(35);
  });

  it('is that of the generation that a rebuild has activated meanwhile', async () => {
    const { us, write, project } = aViewer();
    const version = await write('red');
    await project(1);
    const { build } = await beginRebuild(us, { view: 'last', segments: 1 });
    await us.views.remove('last', 4, 100);
    const behind = readRow(us, 'last', 'a', { ...seen(version), waitMs: 0 });
    await expect(behind).rejects.toMatchObject({ code: 'not-caught-up' });
    const sleep = async () => {
      await stepRebuild({ ...us, events: us.events }, { view: 'last', build, segment: 0 });
    };
    const waiting = { ...us, runtime: { ...us.runtime, sleep } };
    expect(await readRow(waiting, 'last', 'a', seen(version))).toMatchObject({ value: 'red' });
  });
});
