import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecisionChange, memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { type EventsChange, memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { finalOf } from '../../../core/facts/decision.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

/** Two contents under one key. */
const [one, other] = [aCommit({ commitId: 'one' }), aCommit({ commitId: 'other' })];
const { stream } = one;

/** A replica that shows its stream, with a clock that can be set. */
function aReplica(region: string) {
  const told: EventsChange[] = [];
  const clock = { now: 0 };
  const store = memoryEventStore({ region, now: () => clock.now, onChange: (change) => told.push(change) });
  return { told, clock, store };
}

describe('two Regions that write one item', () => {
  it('keep the later content, and show the replacement in the stream', async () => {
    const { store, told } = aReplica('us-east-1');
    store.replicate(one, { at: 1, region: 'us-west-2' });
    store.replicate(other, { at: 2, region: 'us-east-2' });
    expect(await store.load(stream)).toEqual([other]);
    expect(told).toEqual([{ commit: one }, { commit: other, before: one }]);
  });

  it('ignore the earlier content when it arrives last', async () => {
    const { store, told } = aReplica('us-east-1');
    store.replicate(other, { at: 2, region: 'us-east-2' });
    store.replicate(one, { at: 1, region: 'us-west-2' });
    expect(await store.load(stream)).toEqual([other]);
    expect(told).toEqual([{ commit: other }]);
  });

  it('keep the content of the Region whose name sorts last, if they wrote at the same time', async () => {
    const at = 5;
    for (const arrivals of [
      [one, other],
      [other, one],
    ]) {
      const { store } = aReplica('us-east-1');
      for (const commit of arrivals)
        store.replicate(commit, { at, region: commit === one ? 'us-west-2' : 'us-east-2' });
      expect(await store.load(stream)).toEqual([one]);
    }
  });

  it('show nothing in the stream if both wrote the same', () => {
    const { store, told } = aReplica('us-east-1');
    store.replicate(one, { at: 1, region: 'us-west-2' });
    store.replicate(structuredClone(one), { at: 2, region: 'us-east-2' });
    expect(told).toEqual([{ commit: one }]);
  });

  it('lose an acknowledged write in the Region that made it', async () => {
    const { store, clock } = aReplica('us-east-1');
    clock.now = 1;
    await store.put(one);
    store.replicate(other, { at: 2, region: 'us-west-2' });
    expect(await store.load(stream)).toEqual([other]);
  });

  it('end with one content everywhere, whatever the order of arrival', async () => {
    const write = fc.record({
      at: fc.integer({ min: 0, max: 3 }),
      region: fc.constantFrom('a', 'b', 'c'),
      commitId: fc.constantFrom('one', 'other'),
    });
    const arrivals = fc
      .uniqueArray(write, { minLength: 2, maxLength: 6, selector: ({ at, region }) => `${at} ${region}` })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    await fc.assert(
      fc.asyncProperty(arrivals, async (orders) => {
        const loaded = orders.map((order) => {
          const { store } = aReplica('z');
          for (const { commitId, ...each } of order) store.replicate(aCommit({ commitId }), each);
          return store.load(stream);
        });
        const [first, second] = await Promise.all(loaded);
        expect(first).toEqual(second);
      }),
    );
  });
});

describe('the states of one item', () => {
  const prepared = anIntent();
  const final = finalOf(prepared, 'committed');

  it('written at the same moment have an order', async () => {
    const there = memoryEventStore();
    const here = memoryEventStore({
      onChange: (change, write) => {
        // The newer state overtakes the older one.
        if ('commit' in change) arrivals.unshift(() => there.replicate(change.commit, write));
      },
    });
    const arrivals: (() => void)[] = [];
    await here.put(prepared);
    await here.finalise(prepared, 'committed');
    for (const arrive of arrivals) arrive();
    expect(await there.load(stream)).toEqual([final]);
  });

  it('written after a replicated state replace it, even if the clock has not moved on', async () => {
    const { store, told, clock } = aReplica('us-east-1');
    clock.now = 7;
    store.replicate(prepared, { at: 7, region: 'us-west-2' });
    await store.finalise(prepared, 'committed');
    store.replicate(prepared, { at: 7, region: 'us-west-2' });
    expect(await store.load(stream)).toEqual([final]);
    expect(told).toHaveLength(2);
  });
});

describe('two Regions that decide one attempt in replicated tables', () => {
  const [committed, aborted] = [aDecision(), anAbort()];

  it('keep the later decision, and show the replacement in the stream', async () => {
    const told: DecisionChange[] = [];
    const clock = { now: 1 };
    const onPut = (change: DecisionChange) => told.push(change);
    const decisions = memoryDecisions({ strong: false, region: 'us-east-1', now: () => clock.now, onPut });
    await decisions.put(committed);
    decisions.replicate(aborted, { at: 0, region: 'us-west-2' });
    expect(await decisions.find(committed.transaction, 1)).toEqual(committed);
    decisions.replicate(aborted, { at: 2, region: 'us-west-2' });
    expect(await decisions.attempts(committed.transaction)).toEqual([aborted]);
    expect(told).toEqual([{ decision: committed }, { decision: aborted, before: committed }]);
  });

  it('do the same with the outcome of a one-Region transaction', async () => {
    const { store, told } = aReplica('us-east-1');
    store.replicateDecision(committed, { at: 1, region: 'us-west-2' });
    store.replicateDecision(aborted, { at: 0, region: 'us-east-2' });
    expect(await store.findDecision(committed.transaction)).toEqual(committed);
    store.replicateDecision(aborted, { at: 2, region: 'us-east-2' });
    expect(await store.findDecision(committed.transaction)).toEqual(aborted);
    expect(told).toEqual([{ oneRegionDecision: committed }, { oneRegionDecision: aborted, before: committed }]);
  });
});
