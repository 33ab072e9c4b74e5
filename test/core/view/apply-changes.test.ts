import { describe, expect, it } from 'vitest';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { aRegionWithViews, domain } from './a-region-with-views.ts';
import { disturbed, key, noting, projectAll, put, rowsOf, withView } from './projection-fixture.ts';

describe('a large batch', () => {
  it('is split into transactions of at most 100 entries and totals, with the same sums', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegionWithViews(), views };
    const commits = Array.from({ length: 250 }, (_, i) => noting(`text-${i % 90}`, { stream: `note/${i}` }));
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(Math.max(...views.sizes)).toBeLessThanOrEqual(100);
    const texts = Object.entries(Object(await rowsOf(us, 'texts')));
    expect(texts).toHaveLength(90);
    expect(texts.filter(([, count]) => count === '3 times')).toHaveLength(70);
    expect(await rowsOf(us, 'lengths')).toEqual({ all: { notes: 250, streams: 250 } });
  });

  it('fills a transaction completely', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegionWithViews(), views, domain: withView('lengths') };
    const commits = Array.from({ length: 100 }, (_, i) => noting('a', { stream: `note/${i}` }));
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(views.sizes).toEqual([100, 2]);
  });

  it('starts each transaction with all of its capacity free', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegionWithViews(), views, domain: withView('texts') };
    const commits = Array.from({ length: 120 }, (_, i) => noting(`${i}`, { stream: `note/${i}` }));
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(views.sizes).toEqual([100, 100, 40]);
  });

  it('accepts a stream with 99 totals, and fails a stream with 100', async () => {
    const us = aRegionWithViews();
    const stream = (name: string, count: number) =>
      Array.from({ length: count }, (_, i) => noting(`${name}-${i}`, { stream: `note/${name}`, position: i + 1 }));
    const [most, tooMany] = [stream('most', 99), stream('more', 100)];
    await put(us, [...most, ...tooMany]);
    const failed = await projectTriggers(us, [...most, ...tooMany].map(key));
    expect([...failed.keys()]).toEqual(['note/more']);
    expect(failed.get('note/more')).toMatchObject({ message: expect.stringContaining('changes 100 totals of texts') });
    expect(Object.keys(Object(await rowsOf(us, 'texts')))).toHaveLength(99);
  });
});

describe('a view store that does not respond', () => {
  it('fails the streams of the batch, after one request per view', async () => {
    const us = aRegionWithViews();
    const commits = [noting('a', { stream: 'note/1' }), noting('b', { stream: 'note/2' })];
    await put(us, commits);
    const outage = new MeridianError('unavailable', 'Not now.', { retryable: true });
    const views = disturbed(us.views, { before: () => Promise.reject(outage) });
    const failed = await projectTriggers({ ...us, views }, commits.map(key));
    expect(failed).toEqual(new Map(commits.map(({ stream }) => [stream, outage])));
    expect(views.sizes).toHaveLength(domain.views.size);
    await projectAll(us, commits.map(key));
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('counts a change once if it was applied but the response was lost', async () => {
    const us = aRegionWithViews();
    const commits = [noting('a', { stream: 'note/1' }), noting('a', { stream: 'note/2' })];
    await put(us, commits);
    let answers = 0;
    const views = disturbed(us.views, {
      after: async () => {
        if (answers++ === 0) throw new Error('The response was lost.');
      },
    });
    await projectAll({ ...us, views }, commits.map(key));
    expect(await rowsOf(us, 'texts')).toEqual({ a: '2 times' });
  });
});
