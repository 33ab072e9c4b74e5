import { fromImage } from '../../adapters/dynamodb/commit-item.ts';
import { fromDecisionItem, isDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import { type DecisionChange, type MemoryDecisions, memoryDecisions } from '../../adapters/memory/decisions.ts';
import { type EventsChange, type MemoryEventStore, memoryEventStore } from '../../adapters/memory/event-store.ts';
import type { WriteStamp } from '../../adapters/memory/last-writer.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { type CopyableViewStore, copyableViewStore } from '../../adapters/memory/view-store.ts';
import type { Commit, Decision, Sightings, SnapshotStore, TransactionsTable, ViewsTable } from '../../core/index.ts';
import { imagesOf, type TableItemChange, type TableStream } from '../services/table-stream.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { RegionCounts } from './counts.ts';
import type { Links } from './links.ts';
import { Outage } from './outage.ts';
import { Past } from './past.ts';
import { Replication } from './replication.ts';
import type { Storage } from './storage.ts';
import { type RoundTrip, strongDecisions } from './strong-decisions.ts';

/** Another Region as a replication target. */
export interface ReplicaPeer {
  readonly links: Links;
  /** The links from the other Region back to this one. */
  readonly back: Links;
  readonly tables: RegionTables;
}

export interface RegionTablesOptions extends Clockwork {
  readonly region: string;
  readonly counts: RegionCounts;
  /** The decisions shared by all Regions; undefined: each Region has its own store, replicated. */
  readonly sharedDecisions: MemoryDecisions | undefined;
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
  readonly views: ViewsTable;
  readonly sightings: Sightings;
  readonly decisions: TransactionsTable;
  readonly outage: Outage;
  /** What eventually consistent reads may still show; kept only while they may be behind. */
  readonly pastViews: Past<ViewsTable>;
  readonly pastSightings: Past<ReturnType<Sightings['all']>>;
  /** When a decision could first be read here, milliseconds since 1970. */
  readonly decidedSince: (decision: Decision) => number | undefined;
  readonly #options: RegionTablesOptions;
  readonly #replication: Replication<RegionTables>;
  /** Adds a decision of another Region. */
  readonly #replicateDecision: (decision: Decision, write?: WriteStamp) => void;

  constructor(options: RegionTablesOptions) {
    this.#options = options;
    const { region, scheduler, peers } = options;
    this.outage = new Outage(scheduler);
    this.pastViews = new Past(scheduler);
    this.pastSightings = new Past(scheduler);
    this.views = this.#rememberedViews(copyableViewStore());
    this.sightings = this.#rememberedSightings(memorySightings());
    this.#replication = new Replication({
      ...options,
      outage: this.outage,
      targets: () => peers().map(({ links, tables }) => ({ link: links.replication, tables, outage: tables.outage })),
    });
    const onChange = (change: EventsChange, write: WriteStamp): void => this.#onChange(change, write);
    this.events = memoryEventStore({ region, now: () => scheduler.now(), onChange });
    const { decisions, replicate, since } = this.#decisionsOf(options.sharedDecisions);
    this.decisions = decisions;
    this.#replicateDecision = replicate;
    this.decidedSince = since;
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

  #onChange(change: EventsChange, write: WriteStamp): void {
    const { region, counts, streams } = this.#options;
    this.#save('events', change);
    streams.commits.push(change);
    const isOwn = write.region === region;
    if ('oneRegionDecision' in change) {
      const { oneRegionDecision: decision } = change;
      if (!isOwn) return;
      counts.oneRegionDecisions++;
      this.#replication.send(`tx/${decision.transaction}`, (peer) => peer.events.replicateDecision(decision, write));
      return;
    }
    const { commit, before } = change;
    if (!before) counts.seen++;
    if (!isOwn) return;
    if (before && commit.tx?.state === 'prepared') counts.marked++;
    else if (before) counts.finalised++;
    else {
      counts.written++;
      if (commit.tx) counts.intents++;
    }
    const { stream, log, position } = commit;
    this.#replication.send(`${stream}@${log}.${position}`, (peer) => peer.#onReplicated(commit, write));
  }

  #onReplicated(commit: Commit, write: WriteStamp): void {
    const { counts, scheduler } = this.#options;
    const before = counts.seen;
    this.events.replicate(commit, write);
    if (counts.seen > before) counts.lags.push(scheduler.now() - write.at);
  }

  #decisionsOf(shared: MemoryDecisions | undefined): {
    readonly decisions: TransactionsTable;
    readonly since: (decision: Decision) => number | undefined;
    readonly replicate: (decision: Decision, write?: WriteStamp) => void;
  } {
    const { region, scheduler, counts, streams } = this.#options;
    const record = (change: DecisionChange): void => streams.decisions.push(change);
    if (shared) {
      // They need no replication; their records still go into every Region's stream.
      const onPut = (decision: Decision): void => {
        record({ decision });
        counts.decided++;
        this.#replication.send(decisionItem(decision), (peer) => peer.restoreShared(decision));
      };
      return {
        decisions: strongDecisions(shared, () => this.#roundTrips(), onPut),
        replicate: (decision) => record({ decision }),
        since: ({ transaction, attempt }) => shared.since(transaction, attempt),
      };
    }
    const decisions = memoryDecisions({
      strong: false,
      ...{ region, now: () => scheduler.now() },
      onPut: (change, write) => {
        this.#save('decisions', change);
        record(change);
        if (write.region !== region) return;
        counts.decided++;
        const { decision } = change;
        this.#replication.send(decisionItem(decision), (peer) => peer.#replicateDecision(decision, write));
      },
    });
    return {
      decisions,
      replicate: decisions.replicate,
      since: ({ transaction, attempt }) => decisions.since(transaction, attempt),
    };
  }

  get #keepsPast(): boolean {
    return this.#options.weather.mayHappen('table.stale', this.#options.region);
  }

  #rememberedViews(views: CopyableViewStore): ViewsTable {
    const beforeWrite = (): void => {
      if (this.#keepsPast) this.pastViews.beforeWrite(() => views.copy());
    };
    return {
      ...views,
      apply: (...change) => {
        beforeWrite();
        return views.apply(...change);
      },
      remove: (...request) => {
        beforeWrite();
        return views.remove(...request);
      },
    };
  }

  #rememberedSightings(sightings: Sightings): Sightings {
    return {
      ...sightings,
      record: (...stamp) => {
        if (this.#keepsPast) this.pastSightings.beforeWrite(sightings.all);
        return sightings.record(...stamp);
      },
    };
  }

  /** A replica whose table cannot be reached is not part of a majority. */
  #roundTrips(): readonly RoundTrip[] {
    return this.#options.peers().map(({ links, back, tables }) => ({
      there: async () => {
        await links.invoke.pass();
        if (tables.outage.left > 0) throw new Error('The table cannot be reached there.');
      },
      back: () => back.invoke.pass(),
    }));
  }
}

function decisionItem({ transaction, attempt }: Decision): string {
  return `decisions ${transaction} ${attempt}`;
}
