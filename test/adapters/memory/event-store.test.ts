import { describe, expect, test } from 'vitest';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import type { Commit } from '../../../core/index.ts';
import { aCommit, meddle } from '../../contract/commits.ts';

describe('memory event store', () => {
  const storeThatTells = () => {
    const told: Commit[] = [];
    return { told, store: memoryEventStore((commit) => told.push(commit)) };
  };

  test('every new commit is told once, when it can be read: own ones and those of other Regions', async () => {
    const { store, told } = storeThatTells();
    const own = aCommit();
    const other = aCommit({ log: 'us-west-2', region: 'us-west-2' });
    await store.put(own);
    await store.put({ ...own, commitId: 'late' });
    store.replicate(other);
    store.replicate(other);
    expect(told).toEqual([own, other]);
    expect(await store.load(own.stream)).toEqual([own, other]);
  });

  test('what is told can be read already', async () => {
    const seen: number[] = [];
    const store = memoryEventStore(async ({ stream }) => {
      seen.push((await store.load(stream)).length);
    });
    await store.put(aCommit());
    expect(seen).toEqual([1]);
  });

  test('a replicated commit is stored as it is, and arrives in any order', async () => {
    const { store } = storeThatTells();
    const commits = [3, 1, 2].map((position) => aCommit({ log: 'us-west-2', position }));
    for (const commit of commits) store.replicate(commit);
    expect((await store.loadLog(aCommit().stream, 'us-west-2', 1)).map(({ position }) => position)).toEqual([2, 3]);
  });

  test('a put meets a commit that was replicated', async () => {
    const { store } = storeThatTells();
    const replicated = aCommit();
    store.replicate(replicated);
    expect(await store.put({ ...replicated, commitId: 'own' })).toEqual(replicated);
  });

  test('stores that replicate to each other share a commit that nobody can change', async () => {
    const there = memoryEventStore();
    const here = memoryEventStore(there.replicate);
    await here.put(aCommit());
    const [commit] = await there.load(aCommit().stream);
    expect(commit).toBe((await here.load(aCommit().stream))[0]);
    meddle(commit);
    expect(commit).toEqual(aCommit());
  });

  test('what is done to a commit after it was replicated changes nothing stored', async () => {
    const { store } = storeThatTells();
    const commit = structuredClone(aCommit());
    store.replicate(commit);
    meddle(commit);
    expect(await store.load(aCommit().stream)).toEqual([aCommit()]);
  });
});
