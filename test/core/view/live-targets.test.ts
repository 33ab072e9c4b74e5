import { describe, expect, it } from 'vitest';
import { liveTargets } from '../../../core/view/live-targets.ts';
import { beginRebuild, rebuildStatus } from '../../../core/view/rebuild.ts';
import { triggersByStream } from '../../../core/view/trigger.ts';
import { after, aRunningRegion, key, noting, running } from './rebuild-fixture.ts';

describe('the targets of a trigger', () => {
  const trigger = key(noting('1', 'late'));
  const namesOf = ({ targets }: Awaited<ReturnType<typeof liveTargets>>) => targets.map(({ name }) => name);

  it('are none for a stream without views, and no generations are read', async () => {
    const us = await aRunningRegion();
    const views = { ...us.views, generations: () => Promise.reject(new Error('This must not be called.')) };
    const { targets, refused } = await liveTargets(
      { ...us, views },
      triggersByStream([{ ...trigger, stream: 'account/1' }]),
    );
    expect([targets, refused]).toEqual([[], new Map()]);
  });

  it('are the active generation, and the one being built', async () => {
    const us = await aRunningRegion();
    expect(namesOf(await liveTargets(us, triggersByStream([trigger])))).toEqual(['counts', 'last']);
    await beginRebuild(us, { view: 'last', segments: 1 });
    expect(namesOf(await liveTargets(us, triggersByStream([trigger])))).toEqual(['counts', 'last', 'last@1.2']);
  });

  it('are refused if newer code builds, for the generations of this code', async () => {
    const us = await aRunningRegion();
    await beginRebuild(running(us, after), { view: 'last', segments: 1 });
    const { targets, refused } = await liveTargets(us, triggersByStream([trigger, trigger]));
    expect(targets.map(({ name }) => name)).toContain('counts');
    expect([...refused.keys()]).toEqual(['note/1']);
    expect(refused.get('note/1')).toMatchObject({ code: 'unavailable', retryable: true });
  });

  it('exclude a generation of older code, which is marked as behind', async () => {
    const us = await aRunningRegion();
    const newer = running(us, after);
    expect(namesOf(await liveTargets(newer, triggersByStream([trigger])))).not.toContain('last');
    expect(await rebuildStatus(newer, { view: 'last' })).toMatchObject({ active: { behind: true } });
  });
});
