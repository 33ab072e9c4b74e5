import { describe, expect, it } from 'vitest';
import type { EventsTable } from '../../../core/ports/events-table.ts';
import { readRow } from '../../../core/read/views.ts';
import { projectTriggers } from '../../../core/view/projection.ts';
import { beginRebuild, rebuildStatus, stepRebuild } from '../../../core/view/rebuild.ts';
import { aRegion } from '../a-region.ts';
import {
  after,
  aRunningRegion,
  before,
  build,
  deliver,
  fromScratch,
  key,
  noting,
  put,
  rowsOf,
  running,
  shown,
  someCommits,
} from './rebuild-fixture.ts';

describe('code of another version', () => {
  const commit = noting('1', 'late', { position: 2, context: { us: 1 } });

  it('that is older fails messages for a generation that newer code is building, so that nothing is lost', async () => {
    const us = await aRunningRegion();
    const now = running(us, after);
    const { build: number } = await beginRebuild(now, { view: 'last', segments: 1 });
    await stepRebuild(now, { view: 'last', build: number, segment: 0 });
    put(us, commit);
    for (let i = 0; i < 2; i++) {
      const failed = await projectTriggers(us, [key(commit)]);
      expect([...failed.keys()]).toEqual(['note/1']);
      expect(failed.get('note/1')).toMatchObject({ code: 'unavailable', retryable: true });
    }
    await deliver(now, key(commit));
    expect(await rowsOf(now, 'last')).toEqual((await fromScratch(after, [...someCommits, commit])).last);
  });

  it('that is older still updates its own generations', async () => {
    const us = await aRunningRegion();
    await beginRebuild(running(us, after), { view: 'last', segments: 1 });
    put(us, commit);
    await projectTriggers(us, [key(commit)]);
    expect(await readRow(us, 'last', '1')).toEqual({ key: '1', value: 'late' });
    expect(await readRow(us, 'counts', 'late')).toEqual({ key: 'late', value: { n: 1 } });
  });

  it('that is newer leaves the rows unchanged until it has built its own, and reports that they are behind', async () => {
    const us = await aRunningRegion();
    const now = running(us, after);
    put(us, commit);
    await deliver(now, key(commit));
    expect(await readRow(now, 'last', '1')).toEqual({ key: '1', value: 'text-1' });
    expect(await rebuildStatus(now, { view: 'last' })).toMatchObject({
      codeVersion: 2,
      done: true,
      active: { codeVersion: 1, behind: true },
    });
    // After a rollback, the older code does not treat its own generation as complete.
    await deliver(us, key(commit));
    expect(await rebuildStatus(us, { view: 'last' })).toMatchObject({ codeVersion: 1, active: { behind: true } });
    expect(await build(us, 'last')).toMatchObject({ active: { codeVersion: 1, build: 2, behind: false } });
    expect(await rowsOf(us, 'last')).toEqual((await fromScratch(before, [...someCommits, commit])).last);
  });

  it('after a rollback fails all messages until the view is rebuilt, and none from then on', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    for (const view of ['counts', 'last']) await build(newer, view);
    put(us, commit);
    expect([...(await projectTriggers(us, [key(commit)])).keys()]).toEqual(['note/1']);
    for (const view of ['counts', 'last']) await beginRebuild(us, { view, segments: 1 });
    await deliver(us, key(commit));
    for (const view of ['counts', 'last']) await build(us, view);
    expect(await shown(us)).toEqual(await fromScratch(before, [...someCommits, commit]));
    expect(await rebuildStatus(us, { view: 'last' })).toMatchObject({
      active: { codeVersion: 1, build: 3, behind: false },
    });
  });

  it('deployed again, while the older code was building, marks that build as having gaps', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    await build(newer, 'last');
    const { build: number } = await beginRebuild(us, { view: 'last', segments: 1 });
    put(us, commit);
    await deliver(newer, key(commit));
    // The newer code's own generation stays in use; the older code was allowed to skip it.
    expect(await readRow(newer, 'last', '1')).toEqual({ key: '1', value: { all: ['text-1', 'late'] } });
    expect(await rebuildStatus(newer, { view: 'last' })).toMatchObject({ active: { codeVersion: 2, behind: true } });
    await expect(stepRebuild(us, { view: 'last', build: number, segment: 0 })).rejects.toMatchObject({
      code: 'version-conflict',
    });
    expect(await build(newer, 'last')).toMatchObject({ active: { codeVersion: 2, behind: false } });
  });

  it('does not continue a build of other code, or a build that skipped commits', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    const { build: number } = await beginRebuild(us, { view: 'last', segments: 1 });
    const step = { view: 'last', build: number, segment: 0 };
    await expect(stepRebuild(newer, step)).rejects.toMatchObject({ code: 'version-conflict' });
    put(us, commit);
    await deliver(newer, key(commit));
    await expect(stepRebuild(us, step)).rejects.toMatchObject({
      code: 'version-conflict',
      message: expect.stringContaining('Start a new build'),
    });
    expect((await beginRebuild(us, { view: 'last', segments: 1 })).build).toBe(number + 1);
  });

  it('does not swap a build that skipped commits while its last page was in progress', async () => {
    const us = await aRunningRegion();
    const { build: number } = await beginRebuild(us, { view: 'last', segments: 1 });
    put(us, commit);
    const events: EventsTable = {
      ...us.events,
      scan: async (...args) => {
        const page = await us.events.scan(...args);
        await deliver(running(us, after), key(commit));
        return page;
      },
    };
    await expect(stepRebuild({ ...us, events }, { view: 'last', build: number, segment: 0 })).rejects.toMatchObject({
      code: 'version-conflict',
    });
    expect(await rebuildStatus(us, { view: 'last' })).toMatchObject({ done: false, active: { build: 1 } });
  });

  it('in two versions deployed at once for the first time keeps the generation of one of them', async () => {
    const us = { ...aRegion(), domain: before };
    put(us, commit, noting('1', 'first'));
    await Promise.all([projectTriggers(us, [key(commit)]), projectTriggers(running(us, after), [key(commit)])]);
    const { active } = await rebuildStatus(us, { view: 'last' });
    expect([1, 2]).toContain(active.codeVersion);
    const code = active.codeVersion === 1 ? us : running(us, after);
    await deliver(code, key(commit));
    expect(await rowsOf(code, 'last')).toEqual((await fromScratch(code.domain, [commit, noting('1', 'first')])).last);
  });
});
