import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { REMOVABLE_AFTER_MS } from '../../../core/limits/budgets.ts';
import type { ViewsTable } from '../../../core/ports/views-table.ts';
import { beginRebuild, cleanRebuild, stepRebuild } from '../../../core/view/rebuild.ts';
import type { Trigger } from '../../../core/view/trigger.ts';
import {
  after,
  aRunningRegion,
  before,
  build,
  deliver,
  fromScratch,
  key,
  leftOf,
  noting,
  put,
  rowsOf,
  running,
  shown,
  someCommits,
} from './rebuild-fixture.ts';

function payload(commit: Commit): Trigger {
  return { ...key(commit), inTable: false, commit };
}

describe('concurrent drivers', () => {
  it('of all segments, with two drivers for each, build the same result', async () => {
    const us = await aRunningRegion(Array.from({ length: 300 }, (_, i) => noting(`${i}`, `text-${i % 7}`)));
    const now = running(us, after);
    const drive = async (view: string) => {
      const { build, segments } = await beginRebuild(now, { view, segments: 4 });
      const step = async (segment: number) => {
        while (!(await stepRebuild(now, { view, build, segment })).done) await Promise.resolve();
      };
      await Promise.all(segments.flatMap(({ segment }) => [step(segment), step(segment)]));
    };
    await Promise.all(['counts', 'last', 'counts'].map(drive));
    expect(await shown(now)).toEqual(
      await fromScratch(
        after,
        Array.from({ length: 300 }, (_, i) => noting(`${i}`, `text-${i % 7}`)),
      ),
    );
  });
});

describe('commits that arrive during a build', () => {
  const late = [noting('1', 'late', { position: 2, context: { us: 1 } }), noting('new', 'late')];

  it.each([
    ['by the table', key],
    ['from the bus first', payload],
  ])('%s are in both generations, wherever the build is', async (_, first) => {
    for (const steps of [0, 1, 2]) {
      const us = await aRunningRegion();
      const now = running(us, before);
      const { build: number } = await beginRebuild(now, { view: 'last', segments: 2 });
      for (let segment = 0; segment < Math.min(steps, 1); segment++)
        await stepRebuild(now, { view: 'last', build: number, segment });
      await deliver(now, ...late.filter(() => first === payload).map(first));
      put(us, ...late);
      await deliver(now, ...late.map(key));
      const expected = await fromScratch(before, [...someCommits, ...late]);
      expect(await shown(now)).toEqual(expected);
      await build(now, 'last', 2);
      expect(await shown(now)).toEqual(expected);
    }
  });

  it('are not lost if a projector reads the generations before the build starts, and writes after the swap', async () => {
    const us = await aRunningRegion();
    put(us, ...late);
    // The projector has read the generations; the whole build runs before it continues.
    let first = true;
    const views: ViewsTable = {
      ...us.views,
      entries: async (...args) => {
        if (first) {
          first = false;
          await build(us, 'last');
        }
        return us.views.entries(...args);
      },
    };
    await deliver({ ...us, views }, ...late.map(key));
    expect(await shown(us)).toEqual(await fromScratch(before, [...someCommits, ...late]));
  });

  it('may be written to the old rows until two minutes after the swap, and are deleted with them', async () => {
    const us = await aRunningRegion();
    put(us, ...late);
    const stale = await us.views.generations(['counts', 'last']);
    await build(us, 'last');
    us.runtime.advance(REMOVABLE_AFTER_MS - 1);
    expect(await cleanRebuild(us, { view: 'last' })).toMatchObject({ retired: [{ codeVersion: 1, build: 1 }] });
    await deliver({ ...us, views: { ...us.views, generations: async () => stale } }, ...late.map(key));
    us.runtime.advance(1);
    expect(await cleanRebuild(us, { view: 'last' })).toMatchObject({ retired: [] });
    expect(await leftOf(us.views, 'last', 1, 1, 4)).toBe(false);
    expect(await rowsOf(us, 'last')).toHaveLength(41);
  });
});
