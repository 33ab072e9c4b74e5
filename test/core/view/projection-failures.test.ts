import { describe, expect, it } from 'vitest';
import { projectTriggers } from '../../../core/view/projection.ts';
import { aRegionWithViews, domain } from './a-region-with-views.ts';
import { key, noting, put, rowsOf } from './projection-fixture.ts';

describe('a stream that cannot be projected', () => {
  const fine = noting('fine', { stream: 'note/fine' });

  it.each([
    ['whose view throws', '!', 'The view fails on this text.'],
    [
      'whose totals are not integers',
      'half',
      'half.count is 0.5; totals must be integers of at most 9007199254740991.',
    ],
    ['whose totals have an invalid key', '', 'View texts: its totals have the key "", which cannot be stored'],
    ['whose totals have a key that is too long', 'x'.repeat(1025), 'use 1 to 1024 bytes'],
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

  it.each([
    [{ '\ud83d': { count: 1 } }, 'View texts: its totals have the key "\\ud83d", which cannot be stored'],
    [{ 'a\uffff': { count: 1 } }, 'View texts: its totals have the key'],
    [{ all: { '\ude00': 1 } }, 'View texts: its totals have the field "\\ude00", which cannot be stored'],
  ])('has no totals %j', async (totals, message) => {
    const us = aRegionWithViews();
    const [texts] = domain.views.values();
    if (texts?.kind !== 'totals') throw new Error('This is not a view of totals.');
    const views = new Map([['texts', { ...texts, totals: () => totals }]]);
    await put(us, [fine]);
    const failed = await projectTriggers({ ...us, domain: { ...domain, views } }, [key(fine)]);
    expect(failed.get('note/fine')).toMatchObject({ message: expect.stringContaining(message) });
  });

  it.each([
    [{ at: new Date(0) }, 'View latest: row.at of fine is a Date, which JSON cannot express. Fix `row`'],
    [{ text: '\ud83d' }, 'View latest: row.text of fine has U+FFFE, U+FFFF or half of a surrogate pair'],
    [{ list: [Number.NaN] }, 'View latest: row.list[0] of fine is NaN'],
  ])('has no row %j', async (row, message) => {
    const us = aRegionWithViews();
    const latest = domain.views.get('latest');
    if (latest?.kind !== 'rows') throw new Error('This is not a view of rows.');
    const views = new Map([['latest', { ...latest, row: () => row }]]);
    await put(us, [fine]);
    const failed = await projectTriggers({ ...us, domain: { ...domain, views } }, [key(fine)]);
    expect(failed.get('note/fine')).toMatchObject({ message: expect.stringContaining(message) });
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1])('has no total of %s', async (count) => {
    const us = aRegionWithViews();
    const [texts] = domain.views.values();
    if (texts?.kind !== 'totals') throw new Error('This is not a view of totals.');
    const views = new Map([['texts', { ...texts, totals: () => ({ all: { count } }) }]]);
    await put(us, [fine]);
    const failed = await projectTriggers({ ...us, domain: { ...domain, views } }, [key(fine)]);
    expect(failed.get('note/fine')).toMatchObject({
      message: expect.stringContaining(`View texts: all.count is ${count}; `),
    });
  });
});
