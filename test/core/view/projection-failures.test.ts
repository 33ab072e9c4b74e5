import { describe, expect, it } from 'vitest';
import { MeridianError } from '../../../core/facts/errors.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { aRegionWithViews, domain } from './a-region-with-views.ts';
import { disturbed, key, noting, projectAll, put, rowsOf } from './projection-fixture.ts';

describe('a stream that cannot be shown', () => {
  const fine = noting('fine', { stream: 'note/fine' });

  it.each([
    ['whose view throws', '!', 'The view cannot bear this.'],
    ['whose totals are not integers', 'half', 'half.count is 0.5, totals are integers.'],
    ['whose totals have a key that no store takes', '', "A total's key has 1 to 1024 bytes"],
    ['whose totals have a key that is too long', 'x'.repeat(1025), "A total's key has 1 to 1024 bytes"],
  ])('%s fails alone', async (_what, text, message) => {
    const us = aRegionWithViews();
    const bad = noting(text, { stream: 'note/bad' });
    await put(us, [bad, fine]);
    const failed = await projectTriggers(us, [key(bad), key(fine)]);
    expect([...failed.keys()]).toEqual(['note/bad']);
    expect(failed.get('note/bad')).toMatchObject({ message: expect.stringContaining(message) });
    expect(await rowsOf(us, 'texts')).toEqual({ fine: '1 times' });
    expect(await rowsOf(us, 'latest')).toMatchObject({ fine: { text: 'fine' } });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])('has no total of %s', async (count) => {
    const us = aRegionWithViews();
    const [texts] = domain.views.values();
    if (texts?.kind !== 'totals') throw new Error('It is a view of totals.');
    const views = new Map([['texts', { ...texts, totals: () => ({ all: { count } }) }]]);
    await put(us, [fine]);
    const failed = await projectTriggers({ ...us, domain: { ...domain, views } }, [key(fine)]);
    expect(failed.get('note/fine')).toMatchObject({
      message: expect.stringContaining(`View texts: all.count is ${count}, `),
    });
  });

  it('whose events its type cannot fold fails alone', async () => {
    const us = aRegionWithViews();
    const bad = noting('bad', { stream: 'note/bad', events: [{ type: 'Noted', schemaVersion: 1, data: null }] });
    await put(us, [bad, fine]);
    const failed = await projectTriggers(us, [key(bad), key(fine)]);
    expect([...failed.keys()]).toEqual(['note/bad']);
    expect(await rowsOf(us, 'texts')).toEqual({ fine: '1 times' });
  });

  it('since its table does not answer fails alone', async () => {
    const us = aRegionWithViews();
    await put(us, [fine]);
    const outage = new Error('The table does not answer.');
    const events = {
      ...us.events,
      load: (stream: string) => (stream === 'note/fine' ? us.table.load(stream) : Promise.reject(outage)),
    };
    const failed = await projectTriggers({ ...us, events }, [key(noting('a')), key(fine)]);
    expect(failed).toEqual(new Map([['note/n', outage]]));
    expect(await rowsOf(us, 'texts')).toEqual({ fine: '1 times' });
  });
});

describe('a view store that does not answer', () => {
  it('gives back the streams that it was asked to change, in one request', async () => {
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

  it('counts once what it has changed all the same', async () => {
    const us = aRegionWithViews();
    const commits = [noting('a', { stream: 'note/1' }), noting('a', { stream: 'note/2' })];
    await put(us, commits);
    let answers = 0;
    const views = disturbed(us.views, {
      after: async () => {
        if (answers++ === 0) throw new Error('The answer was lost.');
      },
    });
    await projectAll({ ...us, views }, commits.map(key));
    expect(await rowsOf(us, 'texts')).toEqual({ a: '2 times' });
  });
});
