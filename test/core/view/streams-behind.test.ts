import { describe, expect, it } from 'vitest';
import { firstGenerations, targetsOf } from '../../../core/view/generation.ts';
import { streamsBehind } from '../../../core/view/streams-behind.ts';
import { triggersByStream } from '../../../core/view/trigger.ts';
import { aRegionWithViews, domain } from './a-region-with-views.ts';
import { key, noting, part, payload, projectAll, put } from './projection-fixture.ts';

describe('streams behind', () => {
  it('reads no stream for an event of the bus that its views already include', async () => {
    const us = aRegionWithViews();
    await put(us, [noting('a')]);
    await projectAll(us, [key(noting('a'))]);
    us.events.calls.length = 0;
    await projectAll(us, [payload(noting('a')), part(noting('a'))]);
    expect(us.events.calls).toEqual([]);
  });

  it('include streams whose entry already covers a key of the table', async () => {
    const us = aRegionWithViews();
    const commit = noting('a');
    await put(us, [commit]);
    await projectAll(us, [key(commit)]);
    const targets = [...domain.views.values()].flatMap((view) => targetsOf(view, firstGenerations(view)));
    const looksAt = async (trigger: ReturnType<typeof key>) =>
      (await streamsBehind(us.views, targets, triggersByStream([trigger]))).map(({ streams }) => [...streams.keys()]);
    expect(await looksAt(key(commit))).toEqual(targets.map(() => ['note/n']));
    expect(await looksAt(payload(commit))).toEqual(targets.map(() => []));
    expect(await looksAt(part(noting('b', { position: 2 })))).toEqual(targets.map(() => ['note/n']));
  });

  it('exclude other types: a generation is not queried for their entries', async () => {
    const us = aRegionWithViews();
    const targets = [...domain.views.values()].flatMap((view) => targetsOf(view, firstGenerations(view)));
    const views = { ...us.views, entries: () => Promise.reject(new Error('This must not be called.')) };
    const stream = 'account/us.1';
    const behind = await streamsBehind(views, targets, triggersByStream([{ ...key(noting('a')), stream }]));
    expect(behind.map(({ streams }) => streams.size)).toEqual(targets.map(() => 0));
  });
});
