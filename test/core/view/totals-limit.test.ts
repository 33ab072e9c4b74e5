import { describe, expect, it } from 'vitest';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { defineDomain, defineView } from '../../../core/index.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { beginRebuild, stepRebuild } from '../../../core/view/rebuild.ts';
import { note } from '../../../testing/toy.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import { disturbed, key, noting, projectAll, put, rowsOf } from './projection-fixture.ts';

/** The last text of every note as a number, in all. */
function worthIn(shards: number) {
  const worth = defineView({
    name: 'worth',
    kind: 'totals',
    of: note,
    shards,
    totals: (entries) => ({ all: { worth: Number(entries.at(-1)?.text ?? 0) } }),
  });
  return defineDomain({ streams: [note], views: [worth] });
}

function aRegion(shards: number) {
  return { ...aRegionWithViews(), domain: worthIn(shards) };
}

const most = Number.MAX_SAFE_INTEGER;
const valued = (value: number, stream: string) => noting(`${value}`, { stream: `note/${stream}` });

describe('a total', () => {
  it('is exact up to 2^53-1, over all shards', async () => {
    const us = aRegion(4);
    const limit = Math.floor(most / 4);
    // One stream in each shard: a, b, c and d.
    const full = ['a', 'b', 'c', 'd'].map((stream) => valued(limit, stream));
    await put(us, full);
    await projectAll(us, full.map(key));
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: 4 * limit } });
    const more = ['e', 'f', 'g', 'h'].map((stream) => valued(1, stream));
    await put(us, more);
    expect((await projectTriggers(us, more.map(key))).size).toBe(4);
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: 4 * limit } });
  });

  it('fails only the stream that would take it further, at once and with the reason', async () => {
    const views = disturbed(memoryViewStore(), {});
    const us = { ...aRegion(1), views };
    const [large, bad, fine] = [valued(most - 3, 'large'), valued(5, 'bad'), valued(2, 'fine')];
    await put(us, [large, bad, fine]);
    await projectAll(us, [key(large)]);
    const failed = await projectTriggers(us, [key(bad), key(fine)]);
    expect([...failed]).toEqual([
      [
        'note/bad',
        expect.objectContaining({
          code: 'internal',
          retryable: false,
          message: expect.stringContaining(`The total all.worth of worth would go beyond ${most} in shard 0`),
        }),
      ],
    ]);
    // The large one, both of the others together, then one by one.
    expect(views.sizes).toEqual([2, 3, 2, 2]);
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: most - 1 } });
    const smaller = noting('-1', { stream: 'note/large', position: 2 });
    await put(us, [smaller]);
    await projectAll(us, [key(smaller)]);
    await projectAll(us, [key(bad)]);
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: 6 } });
  });

  it('is exact if the changes of a batch cancel out beyond 2^53', async () => {
    const us = aRegion(1);
    const commits = [valued(most, 'a'), valued(most - 1, 'b'), valued(-most, 'c')];
    await put(us, commits);
    expect([...(await projectTriggers(us, commits.map(key))).keys()]).toEqual(['note/b']);
    await projectAll(us, commits.map(key));
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: most - 1 } });
  });

  it('fails a stream whose contribution changes by more than can be computed exactly', async () => {
    const us = aRegion(1);
    const down = valued(-most, 'a');
    await put(us, [down]);
    await projectAll(us, [key(down)]);
    const up = noting(`${most - 1}`, { stream: 'note/a', position: 2 });
    await put(us, [up]);
    expect((await projectTriggers(us, [key(up)])).get('note/a')).toMatchObject({
      message: expect.stringContaining(`View worth: all.worth changes by more than ${most} at once`),
    });
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: -most } });
  });

  it('stops a rebuild with the same reason, and the active generation stays', async () => {
    const us = aRegion(1);
    const large = valued(most, 'large');
    await put(us, [large]);
    await projectAll(us, [key(large)]);
    await put(us, [valued(1, 'more')]);
    const { build } = await beginRebuild(us, { view: 'worth', segments: 1 });
    await expect(stepRebuild({ ...us, events: us.table }, { view: 'worth', build, segment: 0 })).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('would go beyond'),
    });
    expect(await rowsOf(us, 'worth')).toEqual({ all: { worth: most } });
  });
});
