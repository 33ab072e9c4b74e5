import { fromImage } from '../../adapters/dynamodb/commit-item.ts';
import { fromDecisionItem, isDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { type EventsChange, type MemoryEventStore, memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import type { Commit, Decision, Sightings, SnapshotStore, TransactionsTable, ViewsTable } from '../../core/index.ts';
import { imagesOf, type TableItemChange, type TableStream } from '../services/table-stream.ts';
import type { Scheduler } from '../time/scheduler.ts';
import type { RegionCounts } from './counts.ts';
import type { Links } from './links.ts';
import type { Storage } from './storage.ts';
import { type RoundTrip, strongDecisions } from './strong-decisions.ts';

/** Another Region as a replication target. */
export interface ReplicaPeer {
  readonly links: Links;
  /** The links from the other Region back to this one. */
  readonly back: Links;
  readonly tables: RegionTables;
}

export interface RegionTablesOptions {
  readonly region: string;
  readonly scheduler: Scheduler;
  readonly counts: RegionCounts;
  /** The decisions shared by all Regions; undefined: each Region has its own store, replicated. */
  readonly sharedDecisions: TransactionsTable | undefined;
  /** The streams of the two global tables. */
  readonly streams: { readonly commits: TableStream; readonly decisions: TableStream };
  readonly peers: () => readonly ReplicaPeer[];
  /** Where the tables' items are kept; undefined: nowhere. */
  readonly storage?: Storage | undefined;
}

/**
 * The tables of a Region: every write goes into their streams, and writes of this Region are replicated to the
 * others.
 */
export class RegionTables {
  readonly events: MemoryEventStore;
  readonly snapshots: SnapshotStore = memorySnapshotStore();
  readonly views: ViewsTable = memoryViewStore();
  readonly sightings: Sightings = memorySightings();
  readonly decisions: TransactionsTable;
  readonly #options: RegionTablesOptions;
  /** Adds a decision of another Region. */
  readonly #replicateDecision: (decision: Decision) => void;

  constructor(options: RegionTablesOptions) {
    this.#options = options;
    this.events = memoryEventStore((change) => this.#onChange(change));
    const { decisions, replicate } = this.#decisionsOf(options.sharedDecisions);
    this.decisions = decisions;
    this.#replicateDecision = replicate;
  }

  /** The decisions on a transaction, in the order of its attempts. */
  attempts(transaction: string): Promise<readonly Decision[]> {
    return (this.#options.sharedDecisions ?? this.decisions).attempts(transaction);
  }

  /**
   * Restores the items in the storage. All of them are delivered to the table streams and replicated again, because the process that
   * saved them may have ended before that.
   * @returns the intents that were prepared here and are not final
   */
  restore(): readonly Commit[] {
    const { region, storage } = this.#options;
    const prepared: Commit[] = [];
    for (const item of storage?.load(`events/${region}`) ?? []) {
      if (isDecisionItem(item)) {
        this.events.replicateDecision(fromDecisionItem(item));
        continue;
      }
      const commit = fromImage(item);
      this.events.replicate(commit);
      if (commit.tx?.state === 'prepared' && commit.region === region) prepared.push(commit);
    }
    for (const item of storage?.load(`decisions/${region}`) ?? []) this.#replicateDecision(fromDecisionItem(item));
    return prepared;
  }

  /** Delivers the record of a shared decision to this Region's stream. */
  restoreShared(decision: Decision): void {
    this.#options.streams.decisions.push({ decision });
  }

  #save(table: string, change: TableItemChange): void {
    const { region, storage } = this.#options;
    storage?.save(`${table}/${region}`, imagesOf(change).after);
  }

  #onChange(change: EventsChange): void {
    const { region, scheduler, counts, streams } = this.#options;
    this.#save('events', change);
    streams.commits.push(change);
    if ('oneRegionDecision' in change) {
      const { oneRegionDecision: decision } = change;
      if (decision.region !== region) return;
      counts.oneRegionDecisions++;
      this.#replicate((peer) => peer.events.replicateDecision(decision));
      return;
    }
    const { commit, before } = change;
    if (!before) counts.seen++;
    if (commit.region !== region) return;
    if (before && commit.tx?.state === 'prepared') counts.marked++;
    else if (before) counts.finalised++;
    else {
      counts.written++;
      if (commit.tx) counts.intents++;
    }
    const writtenAt = scheduler.now();
    this.#replicate((peer) => peer.#onReplicated(commit, writtenAt));
  }

  /** Runs a step in every other Region, when the replicated item arrives there. */
  #replicate(there: (peer: RegionTables) => void): void {
    for (const { links, tables } of this.#options.peers()) links.replication.send(() => there(tables));
  }

  #onReplicated(commit: Commit, writtenAt: number): void {
    const { counts, scheduler } = this.#options;
    const before = counts.seen;
    this.events.replicate(commit);
    if (counts.seen > before) counts.lags.push(scheduler.now() - writtenAt);
  }

  #decisionsOf(shared: TransactionsTable | undefined): {
    readonly decisions: TransactionsTable;
    readonly replicate: (decision: Decision) => void;
  } {
    const { region, counts, streams } = this.#options;
    const record = (decision: Decision): void => streams.decisions.push({ decision });
    const onPut = (decision: Decision): void => {
      record(decision);
      if (decision.region !== region) return;
      counts.decided++;
      this.#replicate((peer) => peer.#replicateDecision(decision));
    };
    // Shared decisions need no replication; their records still go into every Region's stream.
    if (shared) return { decisions: strongDecisions(shared, () => this.#roundTrips(), onPut), replicate: record };
    const decisions = memoryDecisions({
      strong: false,
      onPut: (decision) => {
        this.#save('decisions', { decision });
        onPut(decision);
      },
    });
    return { decisions, replicate: (decision) => decisions.replicate(decision) };
  }

  #roundTrips(): readonly RoundTrip[] {
    return this.#options.peers().map(({ links, back }) => ({
      there: () => links.invoke.pass(),
      back: () => back.invoke.pass(),
    }));
  }
}
