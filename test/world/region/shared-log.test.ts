import { describe, expect, it } from 'vitest';
import { type EventsItem, memoryEventStore } from '../../../adapters/memory/event-store.ts';
import type { EventsTable } from '../../../core/index.ts';
import { SharedLog, sharedEvents } from '../../../world/region/shared-log.ts';
import { sleepOn, VirtualScheduler } from '../../../world/time/scheduler.ts';
import { aCommit, anIntent } from '../../contract/commits.ts';
import { eventStoreContract } from '../../contract/event-store.contract.ts';
import { strongEventsContract } from '../../contract/strong-events.contract.ts';

function keeping() {
  const items: EventsItem[] = [];
  const replica = memoryEventStore();
  const keep = (item: EventsItem) => {
    items.push(item);
    if ('commit' in item.change) replica.replicate(item.change.commit, item.write);
  };
  return { replica, keep, items };
}

/** Regions that share a log, each this many milliseconds away from the others. */
function regionsWith(scheduler: VirtualScheduler, ...takes: readonly number[]) {
  const log = new SharedLog(scheduler);
  const replicas = takes.map(() => keeping());
  return replicas.map((own, i) => {
    const voters = () =>
      replicas.flatMap(({ keep }, j) => {
        const pass = () => sleepOn(scheduler, takes[j] ?? 0);
        return j === i ? [] : [{ there: pass, back: pass, keep }];
      });
    return { ...own, table: sharedEvents(log, voters, own.replica, own.keep) };
  });
}

/** Without links that take time. */
function twoViews() {
  const log = new SharedLog({ now: () => Date.now() });
  const voter = { there: async () => undefined, back: async () => undefined, keep: () => undefined };
  const [here, there] = [0, 1].map(() => {
    const { replica, keep } = keeping();
    return sharedEvents(log, () => [voter, voter], replica, keep);
  });
  if (!here || !there) throw new Error('There are two.');
  return { here, there };
}

describe('the shared log of a world', () => {
  strongEventsContract(twoViews);
  eventStoreContract(() => {
    const { here } = twoViews();
    const isTaken = async ({ stream, log, position }: Parameters<EventsTable['taken']>[0][number]) =>
      (await here.at(stream, log, position)) !== undefined;
    return { ...memoryEventStore(), ...here, taken: (places) => Promise.all(places.map(isTaken)) };
  });

  it('takes the round trip to the nearest of two other Regions, which has the commit before it is acknowledged', async () => {
    const scheduler = new VirtualScheduler(0);
    const [first, second, third] = regionsWith(scheduler, 10, 20, 30);
    if (!first || !second || !third) throw new Error('There are three.');
    const commit = aCommit({ log: 'global' });
    expect(await scheduler.resolve(first.table.put(commit))).toBeUndefined();
    expect(scheduler.now()).toBe(40);
    expect([first, second, third].map(({ items }) => items.length)).toEqual([1, 1, 0]);
    expect(await third.table.load(commit.stream, {}, 'local')).toEqual([]);
    expect(await scheduler.resolve(third.table.load(commit.stream))).toEqual([commit]);
  });

  it('changes nothing for a Region that reaches no other one', async () => {
    const scheduler = new VirtualScheduler(0);
    const log = new SharedLog(scheduler);
    const voter = { there: () => Promise.reject(new Error('cut')), back: async () => undefined, keep: () => undefined };
    const { replica, keep, items } = keeping();
    const cut = sharedEvents(log, () => [voter, voter], replica, keep);
    const commit = anIntent({ log: 'global' });
    const calls = [() => cut.put(commit), () => cut.load(commit.stream), () => cut.finalise(commit, 'aborted')];
    for (const call of calls)
      await expect(scheduler.resolve<unknown>(call())).rejects.toThrow(
        expect.objectContaining({ code: 'unavailable' }),
      );
    expect(items).toEqual([]);
    expect(log.items()).toEqual([]);
  });
});
