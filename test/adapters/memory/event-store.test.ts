import { describe, expect, test } from 'vitest';
import { type EventsChange, memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { finalOf } from '../../../core/facts/decision.ts';
import { aCommit, anIntent, meddle } from '../../contract/commits.ts';
import { aDecision, anAbort } from '../../contract/decisions.ts';

describe('memory event store', () => {
  const storeThatTells = () => {
    const told: EventsChange[] = [];
    return { told, store: memoryEventStore({ onChange: (change) => told.push(change) }) };
  };

  test('every new commit is reported once, when it can be read, whether it was written here or in another Region', async () => {
    const { store, told } = storeThatTells();
    const own = aCommit();
    const other = aCommit({ log: 'us-west-2', region: 'us-west-2' });
    await store.put(own);
    await store.put({ ...own, commitId: 'late' });
    store.replicate(other);
    store.replicate(other);
    expect(told).toEqual([{ commit: own }, { commit: other }]);
    expect(await store.load(own.stream)).toEqual([own, other]);
  });

  test('a reported commit can already be read', async () => {
    const seen: number[] = [];
    const store = memoryEventStore({
      onChange: async (change) => {
        if ('commit' in change) seen.push((await store.load(change.commit.stream)).length);
      },
    });
    await store.put(aCommit());
    expect(seen).toEqual([1]);
  });

  test('a replicated commit is stored unchanged, and may arrive in any order', async () => {
    const { store } = storeThatTells();
    const commits = [3, 1, 2].map((position) => aCommit({ log: 'us-west-2', position }));
    for (const commit of commits) store.replicate(commit);
    expect((await store.loadLog(aCommit().stream, 'us-west-2', 1)).map(({ position }) => position)).toEqual([2, 3]);
  });

  test('a put finds a replicated commit', async () => {
    const { store } = storeThatTells();
    const replicated = aCommit();
    store.replicate(replicated);
    expect(await store.put({ ...replicated, commitId: 'own' })).toEqual(replicated);
  });

  test('stores that replicate to each other share an immutable commit', async () => {
    const there = memoryEventStore();
    const here = memoryEventStore({
      onChange: (change, write) => {
        if ('commit' in change) there.replicate(change.commit, write);
      },
    });
    await here.put(aCommit());
    const [commit] = await there.load(aCommit().stream);
    expect(commit).toBe((await here.load(aCommit().stream))[0]);
    meddle(commit);
    expect(commit).toEqual(aCommit());
  });

  test('changing a commit object after it was replicated does not affect the store', async () => {
    const { store } = storeThatTells();
    const commit = structuredClone(aCommit());
    store.replicate(commit);
    meddle(commit);
    expect(await store.load(aCommit().stream)).toEqual([aCommit()]);
  });

  const prepared = anIntent();
  const [committed, aborted] = [finalOf(prepared, 'committed'), finalOf(prepared, 'aborted')];

  test('an intent is reported when it is put and when it becomes final, with its previous state, once', async () => {
    const { store, told } = storeThatTells();
    await store.put(prepared);
    for (const _ of ['once', 'again']) await store.finalise(prepared, 'committed');
    expect(told).toEqual([{ commit: prepared }, { commit: committed, before: prepared }]);
  });

  test('a transaction reports its commits and its outcome; a transaction that is not written reports nothing', async () => {
    const { store, told } = storeThatTells();
    const write = { commits: [aCommit(), aCommit({ position: 2 })], free: [], decision: aDecision() };
    for (const _ of ['once', 'again']) await store.transact(write);
    await store.putDecision(write.decision);
    expect(told).toEqual([...write.commits.map((commit) => ({ commit })), { oneRegionDecision: write.decision }]);
  });

  test.each([committed, aborted])('an intent that has become final in its Region becomes final here', async (final) => {
    const { store, told } = storeThatTells();
    for (const commit of [prepared, final, final]) store.replicate(commit);
    expect(await store.load(prepared.stream)).toEqual([final]);
    expect(told).toEqual([{ commit: prepared }, { commit: final, before: prepared }]);
  });

  test.each([committed, aborted])(
    'a prepared intent that arrives after its final state changes nothing',
    async (final) => {
      const { store, told } = storeThatTells();
      for (const commit of [final, prepared]) store.replicate(commit);
      expect(await store.load(prepared.stream)).toEqual([final]);
      expect(told).toEqual([{ commit: final }]);
    },
  );

  test('a replicated outcome is reported once and never changes, and a transaction finds it', async () => {
    const { store, told } = storeThatTells();
    const outcome = structuredClone(anAbort());
    for (const _ of ['once', 'again']) store.replicateDecision(outcome);
    meddle(outcome);
    expect(told).toEqual([{ oneRegionDecision: anAbort() }]);
    expect(await store.findDecision(anAbort().transaction)).toEqual(anAbort());
    expect(await store.transact({ commits: [], free: [], decision: aDecision() })).toMatchObject({
      decision: anAbort(),
    });
  });
});
