import { describe, expect, it } from 'vitest';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { defineDomain } from '../../../core/definition/domain.ts';
import { defineView } from '../../../core/definition/view.ts';
import type { ViewEntry } from '../../../core/facts/view-entry.ts';
import { readRows } from '../../../core/read/views.ts';
import { firstGenerations } from '../../../core/view/generation.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { anAppend, noted } from '../a-region.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import {
  disturbed,
  key,
  noting,
  part,
  payload,
  projectAll,
  put,
  rowsOf,
  viewsOf,
  withView,
} from './projection-fixture.ts';

describe('project', () => {
  it('shows what the table has, in every view of the stream, once its key arrives', async () => {
    const us = aRegionWithViews();
    const [a, b] = [noting('a'), noting('b', { position: 2, context: { us: 1 } })];
    await put(us, [a]);
    await projectAll(us, [key(a)]);
    expect(await viewsOf(us)).toEqual({
      texts: { a: '1 times' },
      lengths: { all: { notes: 1, streams: 1 } },
      latest: { n: { id: 'n', text: 'a' } },
    });
    await put(us, [b]);
    await projectAll(us, [key(b)]);
    expect(await viewsOf(us)).toEqual({
      texts: { a: '1 times', b: '1 times' },
      lengths: { all: { notes: 2, streams: 1 } },
      latest: { n: { id: 'n', text: 'b' } },
    });
    expect(us.runtime.metrics.get('Projected')).toBe(6);
  });

  it('does nothing for an empty batch, and for a stream without views', async () => {
    const us = aRegionWithViews();
    await projectAll(us, []);
    await projectAll(us, [{ stream: 'account/us.1', log: 'us', position: 1, inTable: true }]);
    expect(us.events.calls).toEqual([]);
  });

  it('counts nothing twice, however often it is triggered', async () => {
    const us = aRegionWithViews();
    const commit = noting('a');
    await put(us, [commit]);
    for (let i = 0; i < 3; i++) await projectAll(us, [key(commit), payload(commit), key(commit), part(commit)]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times' });
    expect(us.runtime.metrics.get('Projected')).toBe(3);
  });

  it("moves a stream's contribution between totals, and leaves no key at zero", async () => {
    const us = aRegionWithViews();
    const commits = [noting('a'), noting('clear', { position: 2 }), noting('b', { position: 3 })];
    const lengths: unknown[] = [];
    for (const commit of commits) {
      await put(us, [commit]);
      await projectAll(us, [key(commit)]);
      lengths.push(await rowsOf(us, 'lengths'));
    }
    expect(lengths).toEqual([{ all: { notes: 1, streams: 1 } }, {}, { all: { notes: 3, streams: 1 } }]);
  });

  /** Each stream counts 1 for its last text and 1 less for the one before: the sums of most texts reach 0. */
  const balances = defineView({
    kind: 'totals',
    name: 'balances',
    of: note,
    totals: (entries) =>
      Object.fromEntries(entries.slice(-2).map(({ text }, i, { length }) => [text, { n: i === length - 1 ? 1 : -1 }])),
  });
  /** Notes texts, one after the other, in streams of their own. */
  const projectTexts = async (us: ReturnType<typeof aRegionWithViews>, texts: Readonly<Record<string, string[]>>) => {
    for (const [id, all] of Object.entries(texts))
      for (const [i, text] of all.entries()) {
        const { dot } = await appendToStream(us, anAppend({ stream: `note/${id}`, operation: noted(text) }));
        expect(dot?.position).toBe(i + 1);
        if (dot) await projectAll(us, [{ stream: `note/${id}`, ...dot, inTable: true }]);
      }
  };

  it('shows 0 while a stream contributes, and has no total without one', async () => {
    const us = { ...aRegionWithViews(), domain: defineDomain({ streams: [note], views: [balances] }) };
    await projectTexts(us, { 1: ['a', 'b'], 2: ['a'], 3: ['x', 'y', 'z'] });
    // Streams 1 and 2 cancel out in `a`. None contributes to `x` any more.
    expect(await rowsOf(us, 'balances')).toEqual({ a: { n: 0 }, b: { n: 1 }, y: { n: -1 }, z: { n: 1 } });
  });

  it('does not count contributors in a generation that older code started', async () => {
    const us = { ...aRegionWithViews(), domain: defineDomain({ streams: [note], views: [balances] }) };
    const { counts: _none, ...active } = firstGenerations(balances).active;
    await us.views.setGenerations('balances', { revision: 1, builds: 1, active, retired: [] });
    await projectTexts(us, { 1: ['a', 'b'], 2: ['a'] });
    const both = ['3', '4'].map((id) => noting('c', { stream: `note/${id}`, commitId: id }));
    await put(us, both);
    await projectAll(us, both.map(key));
    expect(await rowsOf(us, 'balances')).toEqual({ b: { n: 1 }, c: { n: 2 } });
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'counts under the key and the field %s as under any other',
    async (name) => {
      const counts = defineView({
        kind: 'totals',
        name: 'counts',
        of: note,
        totals: (entries, id) => ({ [id]: { [name]: entries.length } }),
      });
      const us = { ...aRegionWithViews(), domain: defineDomain({ streams: [note], views: [counts] }) };
      const stream = `note/${name}`;
      for (const commit of [1, 2, 3].map((position) => noting('a', { stream, position }))) {
        await put(us, [commit]);
        await projectAll(us, [key(commit)]);
      }
      expect((await readRows(us, 'counts', { limit: 10 })).rows).toEqual([{ key: name, value: { [name]: 3 } }]);
    },
  );

  it('moves the contribution when a late commit changes the row', async () => {
    const us = aRegionWithViews();
    const moving = noting('late', { log: 'eu', hlc: '00', commitId: 'same' });
    const copy = noting('shown', { commitId: 'same' });
    await put(us, [copy]);
    await projectAll(us, [key(copy)]);
    expect(await rowsOf(us, 'texts')).toEqual({ shown: '1 times' });
    await put(us, [moving]);
    await projectAll(us, [key(moving)]);
    expect(await viewsOf(us)).toMatchObject({ texts: { late: '1 times' }, latest: { n: { text: 'late' } } });
  });

  it('writes no total if the changes of one transaction cancel out', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegionWithViews(), views, domain: withView('lengths') };
    const before = noting('a', { stream: 'note/1' });
    const moves = [noting('clear', { stream: 'note/1', position: 2 }), noting('a', { stream: 'note/2' })];
    for (const step of [[before], moves]) {
      await put(us, step);
      await projectAll(us, step.map(key));
    }
    expect(views.sizes).toEqual([2, 2]);
    expect(await rowsOf(us, 'lengths')).toEqual({ all: { notes: 1, streams: 1 } });
  });
});

describe('entries of a view', () => {
  it('keep the version that they were computed at, and their number of writes', async () => {
    const us = aRegionWithViews();
    for (const text of ['a', 'b']) {
      const { dot } = await appendToStream(us, anAppend({ operation: noted(text) }));
      if (dot) await projectAll(us, [{ stream: 'note/n', ...dot, inTable: true }]);
    }
    const entry = (await us.views.entries('lengths', [{ stream: 'note/n', shard: 0 }])).get('note/n');
    const expected: ViewEntry = {
      stream: 'note/n',
      shard: 0,
      version: { us: 2 },
      revision: 2,
      totals: { all: { notes: 2, streams: 1 } },
    };
    expect(entry).toEqual(expected);
  });
});
