import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../../core/log/history.ts';
import { note } from '../../../testing/toy.ts';
import { inTexts } from '../a-region.ts';
import { arrivals, seenOf, shuffled } from '../log/graph.ts';
import { aRegionWithViews } from './a-region-with-views.ts';
import { key, noting, part, payload, projectAll, put, type Region, rowsOf, viewsOf } from './projection-fixture.ts';

describe('commits that arrive out of order', () => {
  it('stay hidden until their dependencies are present', async () => {
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

  it('are shown from the bus before the table has them, if complete', async () => {
    const us = aRegionWithViews();
    await put(us, [noting('a')]);
    await projectAll(us, [payload(noting('b', { log: 'eu', context: { us: 1 }, hlc: '02' }))]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('are not shown from the bus if incomplete, or if an earlier one is missing', async () => {
    const us = aRegionWithViews();
    await projectAll(us, [part(noting('a')), payload(noting('b', { position: 2 }))]);
    expect(await viewsOf(us)).toEqual({ texts: {}, lengths: {}, latest: {} });
  });

  it('are shown from the bus if they arrive together', async () => {
    const us = aRegionWithViews();
    await projectAll(us, [payload(noting('b', { position: 2 })), payload(noting('a'))]);
    expect(await rowsOf(us, 'texts')).toEqual({ a: '1 times', b: '1 times' });
  });

  it('never remove a commit from a view that a payload already added', async () => {
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

  it('do not affect the result: any order, duplicates, parts, payloads before the table', async () => {
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
