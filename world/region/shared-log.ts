import { fromImage } from '../../adapters/dynamodb/commit-item.ts';
import { type EventsItem, type MemoryEventStore, memoryEventStore } from '../../adapters/memory/event-store.ts';
import type { EventsTable } from '../../core/index.ts';
import { imagesOf } from '../services/table-stream.ts';
import type { Scheduler } from '../time/scheduler.ts';
import { byMajority, type RoundTrip } from './quorum.ts';
import type { Storage } from './storage.ts';

/** The name of the table in a storage. */
const TABLE = 'strong-events';

/** The table of the `strong` streams: one for all Regions, with multi-Region strong consistency. */
export class SharedLog {
  readonly #store: MemoryEventStore;
  /** The changes of the call that is taking effect. */
  #changes: EventsItem[] = [];

  /** @param storage where its items are kept, and restored from; undefined: nowhere */
  constructor(scheduler: Pick<Scheduler, 'now'>, storage?: Storage) {
    this.#store = memoryEventStore({
      now: () => scheduler.now(),
      onChange: (change, write) => {
        storage?.save(TABLE, imagesOf(change).after);
        this.#changes.push({ change, write });
      },
    });
    for (const item of storage?.load(TABLE) ?? []) this.#store.replicate(fromImage(item));
    this.#changes = [];
  }

  /** All items, with when they were written. */
  items(): readonly EventsItem[] {
    return this.#store.items();
  }

  /** The result of a call, and what it has changed. */
  make<T>(call: (store: EventsTable) => Promise<T>): { readonly answer: Promise<T>; readonly changes: EventsItem[] } {
    // The store changes before its call returns.
    const answer = call(this.#store);
    return { answer, changes: this.#changes.splice(0) };
  }
}

/** Another Region, which has what a call has changed as soon as the call has reached it. */
export interface Voter extends RoundTrip {
  readonly keep: (item: EventsItem) => void;
}

/**
 * The table of the `strong` streams as one Region sees it. What is written is in a majority of the replicas before it is acknowledged;
 * reads wait for a majority too, unless they are local.
 * @param voters the other Regions
 * @param replica the one of this Region
 */
export function sharedEvents(
  log: SharedLog,
  voters: () => readonly Voter[],
  replica: MemoryEventStore,
  keep: Voter['keep'],
) {
  const ask = <T>(call: (store: EventsTable) => Promise<T>): Promise<T> =>
    byMajority(voters(), (reached) => {
      const { answer, changes } = log.make(call);
      for (const item of changes) for (const each of [keep, ...reached.map((voter) => voter.keep)]) each(item);
      return answer;
    });
  const table: Omit<EventsTable, 'taken' | 'transact' | 'findDecision' | 'putDecision'> = {
    load: (stream, after, consistency) =>
      consistency === 'local' ? replica.load(stream, after) : ask((store) => store.load(stream, after)),
    loadFirst: (...asked) => ask((store) => store.loadFirst(...asked)),
    loadLog: (...asked) => ask((store) => store.loadLog(...asked)),
    scan: (...asked) => ask((store) => store.scan(...asked)),
    put: (commit) => ask((store) => store.put(commit)),
    at: (...asked) => ask((store) => store.at(...asked)),
    finalise: (...asked) => ask((store) => store.finalise(...asked)),
    mark: (...asked) => ask((store) => store.mark(...asked)),
  };
  return table;
}
