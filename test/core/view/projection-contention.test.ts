import { describe, expect, it } from 'vitest';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { fakeRuntime } from '../../runtime.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import { disturbed, key, noting, payload, projectAll, put, rowsOf, viewsOf } from './projection-fixture.ts';

describe('concurrent projectors', () => {
  it('apply each change once if both have read the same entries', async () => {
    const us = aRegionWithViews();
    const [a, b] = [noting('a'), noting('b', { position: 2 })];
    await put(us, [a]);
    let others = 1;
    const views = disturbed(us.views, {
      before: async () => {
        if (others-- <= 0) return;
        await put(us, [b]);
        await projectAll(us, [key(b)]);
      },
    });
    await projectAll({ ...us, views }, [key(a)]);
    expect(await viewsOf(us)).toEqual({
      texts: { a: '1 times', b: '1 times' },
      lengths: { all: { notes: 2, streams: 1 } },
      latest: { n: { id: 'n', text: 'b' } },
    });
    expect(us.runtime.slept).toHaveLength(1);
  });

  it('never undo the write of a faster projector', async () => {
    const us = aRegionWithViews();
    const [a, b] = [noting('a'), noting('b', { log: 'eu', hlc: '00' })];
    await put(us, [a]);
    let others = 1;
    const views = disturbed(us.views, {
      // The faster projector has commits from the bus that the table lacks.
      before: async () => {
        if (others-- > 0) await projectAll(us, [payload(b)]);
      },
    });
    await projectAll({ ...us, views }, [key(a)]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('agree after any number of them ran concurrently', async () => {
    const us = aRegionWithViews();
    const streams = ['note/1', 'note/2', 'note/3'];
    const commits = streams.flatMap((stream) =>
      [1, 2, 3, 4].map((position) => noting(`text-${position % 2}`, { stream, position })),
    );
    await put(us, commits);
    await Promise.all(
      commits.map((commit, i) => projectTriggers({ ...us, runtime: fakeRuntime(0, i) }, [key(commit)])),
    );
    expect(await viewsOf(us)).toMatchObject({
      texts: { 'text-0': '6 times', 'text-1': '6 times' },
      lengths: { all: { notes: 12, streams: 3 } },
    });
  });

  it('count a change once if its response was lost', async () => {
    const us = aRegionWithViews();
    await put(us, [noting('a')]);
    const views = disturbed(us.views, { after: () => Promise.reject(new Error('The response was lost.')) });
    expect([...(await projectTriggers({ ...us, views }, [key(noting('a'))])).keys()]).toEqual(['note/n']);
    await projectAll(us, [key(noting('a'))]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times' });
  });

  it('fail a stream after losing the race for 10 s', async () => {
    const us = aRegionWithViews();
    const [calm, busy] = [noting('a', { stream: 'note/calm' }), noting('b', { stream: 'note/busy' })];
    await put(us, [calm, busy]);
    const start = us.runtime.now();
    const views: ViewsTable = {
      ...us.views,
      apply: async (view, entries, deltas) =>
        entries.every(({ stream }) => stream !== 'note/busy') && us.views.apply(view, entries, deltas),
    };
    await projectAll({ ...us, views }, [key(calm)]);
    const failed = await projectTriggers({ ...us, views }, [key(calm), key(busy)]);
    expect([...failed.keys()]).toEqual(['note/busy']);
    expect(failed.get('note/busy')).toMatchObject({ code: 'unavailable' });
    expect(us.runtime.now() - start).toBeLessThanOrEqual(10_000);
    expect(us.runtime.now() - start).toBeGreaterThan(8000);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times' });
  });
});
