import { describe, expect, it } from 'vitest';
import { projectTriggers } from '../../../core/view/projection.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import { key, noting, projectAll, put, rowsOf } from './projection-fixture.ts';

describe('loading a stream from the table', () => {
  it('reads each stream once for all of its views and triggers', async () => {
    const us = aRegionWithViews();
    const commits = [noting('a'), noting('b', { position: 2 })];
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(us.events.calls).toEqual(['load']);
  });
});

describe('a stream that cannot be loaded', () => {
  const fine = noting('fine', { stream: 'note/fine' });

  it('because its type cannot fold its events fails alone', async () => {
    const us = aRegionWithViews();
    const bad = noting('bad', { stream: 'note/bad', events: [{ type: 'Noted', schemaVersion: 1, data: null }] });
    await put(us, [bad, fine]);
    const failed = await projectTriggers(us, [key(bad), key(fine)]);
    expect([...failed.keys()]).toEqual(['note/bad']);
    expect(await rowsOf(us, 'texts')).toEqual({ fine: '1 times' });
  });

  it('because its table does not respond fails alone', async () => {
    const us = aRegionWithViews();
    await put(us, [fine]);
    const outage = new Error('The table does not respond.');
    const events = {
      ...us.events,
      load: (stream: string) => (stream === 'note/fine' ? us.table.load(stream) : Promise.reject(outage)),
    };
    const failed = await projectTriggers({ ...us, events }, [key(noting('a')), key(fine)]);
    expect(failed).toEqual(new Map([['note/n', outage]]));
    expect(await rowsOf(us, 'texts')).toEqual({ fine: '1 times' });
  });
});

describe('a reused id', () => {
  it('is reported when the ignored commit is delivered, not when the other commits are', async () => {
    const us = aRegionWithViews();
    const [first, second] = [
      noting('a', { commitId: 'same' }),
      noting('b', { commitId: 'same', log: 'eu', hlc: '02' }),
    ];
    const reused = { ...second, fingerprint: 'something else' };
    await put(us, [first, reused]);
    await projectAll(us, [key(first)]);
    expect(us.runtime.metrics.get('IdReused')).toBeUndefined();
    await projectAll(us, [key(reused)]);
    expect(us.runtime.metrics.get('IdReused')).toBe(1);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times' });
  });
});
