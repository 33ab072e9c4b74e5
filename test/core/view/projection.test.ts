import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { type Domain, defineDomain } from '../../../core/definition/domain.ts';
import { defineView } from '../../../core/definition/view.ts';
import type { Commit } from '../../../core/facts/commit.ts';
import { MeridianError } from '../../../core/facts/errors.ts';
import type { ViewEntry } from '../../../core/facts/view-entry.ts';
import { History } from '../../../core/log/history.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { readRows } from '../../../core/read/views.ts';
import { type ProjectPorts, projectTriggers } from '../../../core/view/projection.ts';
import type { Trigger } from '../../../core/view/trigger.ts';
import { appendToStream } from '../../../core/write/append.ts';
import { note } from '../../../testing/toy.ts';
import { aCommit } from '../../contract/commits.ts';
import { fakeRuntime } from '../../runtime.ts';
import { anAppend, inTexts, noted } from '../a-region.ts';
import { arrivals, seenOf, shuffled } from '../log/graph.ts';
import { aRegionWithViews, domain } from './a-region-with-views.ts';

type Region = ReturnType<typeof aRegionWithViews>;

function key({ stream, log, position }: Commit): Trigger {
  return { stream, log, position, inTable: true };
}
function payload(commit: Commit): Trigger {
  return { ...key(commit), inTable: false, commit };
}
/** An event of a commit whose other events have not come. */
function part(commit: Commit): Trigger {
  return { ...key(commit), inTable: false };
}

function noting(text: string, of: Partial<Commit> = {}): Commit {
  return aCommit({
    stream: 'note/n',
    log: 'us',
    context: {},
    hlc: `0${of.position ?? 1}`,
    events: [{ type: 'Noted', schemaVersion: 1, data: { text } }],
    ...of,
  });
}

async function rowsOf(ports: Pick<ProjectPorts, 'domain' | 'views'>, view: string): Promise<unknown> {
  return Object.fromEntries((await readRows(ports, view, undefined, 1000)).rows.map(({ key, value }) => [key, value]));
}

async function viewsOf(ports: Pick<ProjectPorts, 'domain' | 'views'>) {
  return {
    texts: await rowsOf(ports, 'texts'),
    lengths: await rowsOf(ports, 'lengths'),
    latest: await rowsOf(ports, 'latest'),
  };
}

/** The domain with one of its views. */
function withView(name: string): Domain {
  return {
    ...domain,
    views: new Map([...domain.views].filter(([of]) => of === name)),
  };
}

async function put({ table }: Region, commits: readonly Commit[]): Promise<void> {
  for (const commit of commits) table.replicate(commit);
}

async function projectAll(ports: ProjectPorts, triggers: readonly Trigger[]): Promise<void> {
  expect(await projectTriggers(ports, triggers)).toEqual(new Map());
}

/** A view store that something happens to between reading and changing, and after changing. */
function disturbed(
  views: ViewsTable,
  { before = async () => {}, after = async () => {} }: { before?: () => Promise<void>; after?: () => Promise<void> },
): ViewsTable & { readonly sizes: number[] } {
  const sizes: number[] = [];
  return {
    ...views,
    sizes,
    apply: async (view, entries, deltas) => {
      sizes.push(entries.length + deltas.length);
      await before();
      const applied = await views.apply(view, entries, deltas);
      await after();
      return applied;
    },
  };
}

describe('project', () => {
  it('shows what the table holds, in every view of the stream, once a key says so', async () => {
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

  it('does nothing for nothing, and for a stream that no view shows', async () => {
    const us = aRegionWithViews();
    await projectAll(us, []);
    await projectAll(us, [{ stream: 'account/us.1', log: 'us', position: 1, inTable: true }]);
    expect(us.events.calls).toEqual([]);
  });

  it('counts nothing twice, however often it is told', async () => {
    const us = aRegionWithViews();
    const commit = noting('a');
    await put(us, [commit]);
    for (let i = 0; i < 3; i++) await projectAll(us, [key(commit), payload(commit), key(commit), part(commit)]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times' });
    expect(us.runtime.metrics.get('Projected')).toBe(3);
  });

  it('reads no stream for an event of the bus that its views show already', async () => {
    const us = aRegionWithViews();
    await put(us, [noting('a')]);
    await projectAll(us, [key(noting('a'))]);
    us.events.calls.length = 0;
    await projectAll(us, [payload(noting('a')), part(noting('a'))]);
    expect(us.events.calls).toEqual([]);
  });

  it('reads each stream once for all of its views and triggers', async () => {
    const us = aRegionWithViews();
    const commits = [noting('a'), noting('b', { position: 2 })];
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(us.events.calls).toEqual(['load']);
  });

  it('moves what a stream contributes from one total to another, and leaves no key behind at zero', async () => {
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
      expect((await readRows(us, 'counts', undefined, 10)).rows).toEqual([{ key: name, value: { [name]: 3 } }]);
    },
  );

  it('moves it also when what comes late changes what was shown', async () => {
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

  it('writes no total when what moves in one transaction comes to nothing', async () => {
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

describe('what arrives in another order than it was written', () => {
  it('waits, hidden, until what it depends on is there', async () => {
    const us = aRegionWithViews();
    const [first, second] = [noting('a'), noting('b', { position: 2, context: { us: 1 } })];
    const dependent = noting('c', { log: 'eu', position: 1, context: { us: 2 }, hlc: '03' });
    for (const [commit, shown] of [
      [dependent, {}],
      [second, {}],
      [first, { a: '1 times', b: '1 times', c: '1 times' }],
    ] as const) {
      await put(us, [commit]);
      await projectAll(us, [key(commit)]);
      expect(await rowsOf(us, 'texts')).toEqual(shown);
    }
  });

  it('is shown from the bus before the table has it, if it is whole', async () => {
    const us = aRegionWithViews();
    await put(us, [noting('a')]);
    await projectAll(us, [payload(noting('b', { log: 'eu', context: { us: 1 }, hlc: '02' }))]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('is not shown from the bus when it is not whole, or when something before it is missing', async () => {
    const us = aRegionWithViews();
    await projectAll(us, [part(noting('a')), payload(noting('b', { position: 2 }))]);
    expect(await viewsOf(us)).toEqual({ texts: {}, lengths: {}, latest: {} });
  });

  it('is shown from the bus in several pieces at once', async () => {
    const us = aRegionWithViews();
    await projectAll(us, [payload(noting('b', { position: 2 })), payload(noting('a'))]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('never takes a view back to before what the bus brought', async () => {
    const us = aRegionWithViews();
    const [theirs, ours] = [noting('theirs', { log: 'eu' }), noting('ours', { hlc: '02' })];
    await projectAll(us, [payload(theirs)]);
    await put(us, [ours]);
    await projectAll(us, [key(ours)]);
    expect(await rowsOf(us, 'texts')).toEqual({ theirs: '1 times' });
    await put(us, [theirs]);
    await projectAll(us, [key(theirs)]);
    expect(await rowsOf(us, 'texts')).toEqual({ ours: '1 times', theirs: '1 times' });
  });

  it('makes no difference in the end: any order, duplicates, parts, payloads before the table', async () => {
    const deliveries = arrivals.chain(({ all }) => {
      const of = (step: (ports: Region) => Promise<void>) => step;
      const every = all.flatMap((commit) => [
        of((ports) => projectAll(ports, [payload(commit)])),
        of((ports) => projectAll(ports, [part(commit), payload(commit)])),
        of(async (ports) => {
          await put(ports, [commit]);
          await projectAll(ports, [key(commit)]);
        }),
        of((ports) => projectAll(ports, [payload(commit), part(commit)])),
      ]);
      return fc.record({ all: fc.constant(all), steps: shuffled(every) });
    });
    await fc.assert(
      fc.asyncProperty(deliveries, async ({ all, steps }) => {
        const [us, reference] = [aRegionWithViews(), aRegionWithViews()];
        for (const step of steps) await step(us);
        await put(reference, all);
        await projectAll(reference, all.map(key));
        expect(await viewsOf(us)).toEqual(await viewsOf(reference));
        const { texts } = inTexts(new History(note, 'note/n', all).state);
        expect(seenOf(all)).toEqual(new History(note, 'note/n', all).seen);
        const counts: Record<string, string> = {};
        for (const text of texts) counts[text] = `${texts.filter((other) => other === text).length} times`;
        expect(await rowsOf(us, 'texts')).toEqual(counts);
      }),
      { numRuns: 100 },
    );
  });
});

describe('projectors at once', () => {
  it('both find in the views what both read, once', async () => {
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

  it('never let the slower one take back what the faster one wrote', async () => {
    const us = aRegionWithViews();
    const [a, b] = [noting('a'), noting('b', { log: 'eu', hlc: '00' })];
    await put(us, [a]);
    let others = 1;
    const views = disturbed(us.views, {
      // The faster one has from the bus what the table does not hold yet.
      before: async () => {
        if (others-- > 0) await projectAll(us, [payload(b)]);
      },
    });
    await projectAll({ ...us, views }, [key(a)]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('agree after any number of them ran side by side', async () => {
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

  it('count a change once whose answer was lost', async () => {
    const us = aRegionWithViews();
    await put(us, [noting('a')]);
    const views = disturbed(us.views, { after: () => Promise.reject(new Error('The answer was lost.')) });
    expect([...(await projectTriggers({ ...us, views }, [key(noting('a'))])).keys()]).toEqual(['note/n']);
    await projectAll(us, [key(noting('a'))]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times' });
  });

  it('give a stream back that others change for 10 s', async () => {
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

describe('a large batch', () => {
  it('goes into transactions of 100 entries and totals at most, and counts to the same', async () => {
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

  it('fills a transaction to the last place', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegionWithViews(), views, domain: withView('lengths') };
    const commits = Array.from({ length: 100 }, (_, i) => noting('a', { stream: `note/${i}` }));
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(views.sizes).toEqual([100, 2]);
  });

  it('begins each transaction with all of its places free', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegionWithViews(), views, domain: withView('texts') };
    const commits = Array.from({ length: 120 }, (_, i) => noting(`${i}`, { stream: `note/${i}` }));
    await put(us, commits);
    await projectAll(us, commits.map(key));
    expect(views.sizes).toEqual([100, 100, 40]);
  });

  it('takes a stream with 99 totals, and gives one back with 100', async () => {
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
      message: `View texts: all.count is ${count}, totals are integers.`,
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

describe('an id that was used twice', () => {
  it('is reported when the commit that is ignored is delivered, and not with the others', async () => {
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

describe('entries of a view', () => {
  it('keep the version that they were computed at, and how often they were written', async () => {
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
