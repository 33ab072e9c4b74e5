import * as z from 'zod';
import { fromImage } from '../../adapters/dynamodb/commit-item.ts';
import { fromDecisionItem, isDecisionItem } from '../../adapters/dynamodb/decision-item.ts';
import { PLACEMENT_PARTITION } from '../../adapters/dynamodb/placement-item.ts';
import {
  type DecisionChange,
  type DecisionItem,
  type MemoryDecisions,
  memoryDecisions,
} from '../../adapters/memory/decisions.ts';
import {
  type EventsChange,
  type EventsItem,
  type MemoryEventStore,
  memoryEventStore,
} from '../../adapters/memory/event-store.ts';
import type { WriteStamp } from '../../adapters/memory/last-writer.ts';
import { type MemoryLedger, memoryLedger } from '../../adapters/memory/ledger.ts';
import { type MemoryPlacement, memoryPlacement } from '../../adapters/memory/placement.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { copyableViewStore } from '../../adapters/memory/view-store.ts';
import { listedKeyOf } from '../../core/facts/ledger.ts';
import {
  type Commit,
  type Decision,
  type EventsTable,
  type LedgerEntry,
  type PlacementRecord,
  type Sightings,
  type SnapshotStore,
  type TransactionsTable,
  type ViewsTable,
  withSharedLog,
} from '../../core/index.ts';
import { decodePlacementRecord, encodePlacementRecord } from '../../core/wire/placement.ts';
import { imagesOf, type TableItemChange, type TableStream } from '../services/table-stream.ts';
import type { Clockwork } from '../time/clockwork.ts';
import type { RegionCounts } from './counts.ts';
import { Journal } from './journal.ts';
import type { Links } from './links.ts';
import { Outage } from './outage.ts';
import { Past } from './past.ts';
import { type PastSightings, rememberedSightings, rememberedViews } from './remembered.ts';
import { Replication } from './replication.ts';
import { type SharedLog, sharedEvents, type Voter } from './shared-log.ts';
import type { Storage, StoredItem } from './storage.ts';
import { strongDecisions } from './strong-decisions.ts';
import {
  type ReplicatedSubscriberTable,
  replicatedSubscriberTable,
  type SubscriberItem,
  type SubscriberTable,
} from './subscriber-table.ts';

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
  /** The table of the `strong` streams, which all Regions share; undefined: there is none. */
  readonly sharedLog: SharedLog | undefined;
  /** The streams of the global tables. */
  readonly streams: {
    readonly commits: TableStream;
    readonly strong: TableStream;
    readonly decisions: TableStream;
    readonly conflicts: TableStream;
  };
  readonly peers: () => readonly ReplicaPeer[];
  /** Whether the events can be restored to an earlier time. */
  readonly recovery: boolean;
  /** Where the tables' items are kept; undefined: nowhere. */
  readonly storage?: Storage | undefined;
}

/**
 * The tables of a Region: every write goes into their streams, and writes of this Region are replicated to the
 * others.
 */
export class RegionTables {
  readonly views: ViewsTable;
  readonly sightings: Sightings;
  /** Nothing of it is kept in a storage: it is computed again from the records of the commits. */
  readonly ledger: MemoryLedger;
  /** Where home streams are written. */
  readonly placements: MemoryPlacement;
  readonly decisions: TransactionsTable;
  readonly outage: Outage;
  /** What eventually consistent reads may still show; kept only while they may be behind. */
  readonly pastViews: Past<ViewsTable>;
  readonly pastSightings: PastSightings;
  /** When a decision could first be read here, milliseconds since 1970. */
  readonly decidedSince: (decision: Decision) => number | undefined;
  readonly #options: RegionTablesOptions;
  readonly #journal: Journal | undefined;
  /** The replication of the events table. */
  #replication: Replication<RegionTables>;
  /** The replication of the ledger. */
  readonly #ledgerReplication: Replication<RegionTables>;
  /** The replication of the placement. */
  readonly #placementReplication: Replication<RegionTables>;
  /** The replication of the tables of subscribers, and the tables by their names. */
  readonly #subscriberReplication: Replication<RegionTables>;
  readonly #subscriberTables = new Map<string, ReplicatedSubscriberTable>();
  /** The replication of the decisions. */
  readonly #decisionReplication: Replication<RegionTables>;
  /** The replication of the `strong` streams: every Region passes on what it gets, since the one that wrote it may be lost. */
  readonly #strongReplication: Replication<RegionTables>;
  /** What has arrived here of the `strong` streams. */
  readonly #strongReplica: MemoryEventStore;
  readonly #decisionStore: Decisions;
  #events: MemoryEventStore;
  #snapshots: SnapshotStore = memorySnapshotStore();

  constructor(options: RegionTablesOptions) {
    this.#options = options;
    const { region, scheduler, weather, recovery, streams } = options;
    this.outage = new Outage(scheduler, [streams.commits, streams.strong, streams.decisions, streams.conflicts]);
    this.#journal = recovery ? new Journal(scheduler) : undefined;
    this.pastViews = new Past(scheduler);
    this.pastSightings = new Past(scheduler);
    const keepsPast = (): boolean => weather.mayHappen('table.stale', region);
    this.views = rememberedViews(copyableViewStore(), this.pastViews, keepsPast);
    this.sightings = rememberedSightings(memorySightings(), this.pastSightings, keepsPast);
    this.#replication = this.#newReplication();
    this.#decisionReplication = this.#newReplication();
    this.#strongReplication = this.#newReplication();
    this.#ledgerReplication = this.#newReplication();
    this.#placementReplication = this.#newReplication();
    this.#subscriberReplication = this.#newReplication();
    this.placements = memoryPlacement((record) => {
      options.storage?.save(placementTable(region), storedPlacement(record));
      this.#sendPlacement(record);
    });
    this.ledger = memoryLedger({
      onChange: (entry, before) => {
        streams.conflicts.push({ conflict: entry, before });
        if (entry.writer === region) this.#sendEntry(entry);
      },
    });
    this.#events = this.#openEvents();
    this.#strongReplica = memoryEventStore({ onChange: (change, write) => this.#onStrongChange({ change, write }) });
    this.#decisionStore = this.#decisionsOf(options.sharedDecisions);
    this.decisions = this.#decisionStore.decisions;
    this.decidedSince = this.#decisionStore.since;
  }

  /** The events; another table after it was restored to an earlier time. */
  get events(): MemoryEventStore {
    return this.#events;
  }

  /** The events, those of the `strong` streams included. @param strong the names of the stream types in that mode */
  allEvents(strong: ReadonlySet<string>): EventsTable {
    const { sharedLog } = this.#options;
    // A deployment has the other table only if the domain has such streams.
    if (strong.size === 0) return this.#events;
    if (!sharedLog) throw new Error('This world has no table for strong streams.');
    const table = sharedEvents(
      sharedLog,
      () => this.#voters(),
      this.#strongReplica,
      (item) => this.#keepStrong(item),
    );
    return withSharedLog(this.#events, table, strong);
  }

  /** What the replicas here hold of a stream, or of all. */
  async stored(stream?: string): Promise<readonly Commit[]> {
    const of = async (store: MemoryEventStore) =>
      stream === undefined ? (await store.scan(0, 1, undefined, Number.POSITIVE_INFINITY)).commits : store.load(stream);
    return [...(await of(this.#events)), ...(await of(this.#strongReplica))];
  }

  /** This Region's replica of the table of a subscriber that one Region at a time runs. @param now milliseconds since 1970 */
  subscriberTable(name: string, now: () => number): SubscriberTable {
    const { region, storage } = this.#options;
    const table = replicatedSubscriberTable({
      ...{ region, now, kept: storage && { storage, table: `subscribers/${name}/${region}` } },
      onWrite: (item) => this.#sendSubscriberItem(name, item),
    });
    this.#subscriberTables.set(name, table);
    return table;
  }

  /** The snapshots; none are left after the events were restored to an earlier time. */
  get snapshots(): SnapshotStore {
    return this.#snapshots;
  }

  /**
   * Replaces the events by what they were at a time. What was written here and has not arrived elsewhere is lost, unless it is
   * restored: then it is sent to the others again. The snapshots are dropped, since they may have what is lost.
   * @param at milliseconds since 1970
   * @throws Error if the world does not keep what this needs
   */
  restoreEvents(at: number): void {
    const { region, storage } = this.#options;
    if (!this.#journal || storage)
      throw new Error('Only a world with `recovery`, and without a storage, can restore a table to an earlier time.');
    this.#replication.stop();
    this.#replication = this.#newReplication();
    const store = this.#openEvents();
    for (const item of this.#journal.backTo(at)) keep(store, item);
    this.#events = store;
    this.#snapshots = memorySnapshotStore();
    for (const item of store.items()) if (item.write.region === region) this.#send(item);
  }

  /** Sends all replicated items of this Region to the new replica of another one. */
  fill(replica: RegionTables): void {
    for (const item of this.#events.items()) this.#send(item, replica);
    for (const entry of this.ledger.items()) this.#sendEntry(entry, replica);
    for (const record of this.placements.items()) this.#sendPlacement(record, replica);
    this.#sendSubscriberItems(replica);
    for (const { decision, write } of this.#decisionStore.items())
      this.#decisionReplication.send(
        itemOf(decision),
        (there) => there.#decisionStore.replicate(decision, write),
        replica,
      );
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
    for (const item of this.#options.sharedLog?.items() ?? []) {
      this.#keepStrong(item);
      if (
        'commit' in item.change &&
        item.change.commit.tx?.state === 'prepared' &&
        item.change.commit.region === region
      )
        prepared.push(item.change.commit);
    }
    for (const item of storage?.load(`decisions/${region}`) ?? [])
      this.#decisionStore.replicate(fromDecisionItem(item));
    for (const item of storage?.load(placementTable(region)) ?? []) {
      const record = decodePlacementRecord(storedPlacementSchema.parse(item).record.S);
      this.placements.replicate(record);
      this.#sendPlacement(record);
    }
    this.#sendSubscriberItems();
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

  #newReplication(): Replication<RegionTables> {
    const { peers } = this.#options;
    return new Replication({
      ...this.#options,
      outage: this.outage,
      targets: () => peers().map(({ links, tables }) => ({ link: links.replication, tables, outage: tables.outage })),
    });
  }

  /** A table of events, whose changes count as soon as it is the table of this Region. */
  #openEvents(): MemoryEventStore {
    const { region, scheduler } = this.#options;
    const store = memoryEventStore({
      ...{ region, now: () => scheduler.now() },
      onChange: (change, write) => {
        if (store === this.#events) this.#onChange(change, write);
      },
    });
    return store;
  }

  #onChange(change: EventsChange, write: WriteStamp): void {
    const { region, streams } = this.#options;
    this.#save('events', change);
    this.#journal?.add(change, write);
    streams.commits.push(change);
    this.#count(change, write);
    if (write.region === region) this.#send({ change, write });
  }

  #count(change: EventsChange, write: WriteStamp): void {
    const { region, counts } = this.#options;
    const isOwn = write.region === region;
    if ('oneRegionDecision' in change) {
      if (isOwn) counts.oneRegionDecisions++;
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
  }

  /** @param to the only replica that it is sent to. @default all others */
  #send(item: EventsItem, to?: RegionTables): void {
    this.#replication.send(keyOf(item), (there) => there.#onReplicated(item), to);
  }

  #keepStrong(item: EventsItem): void {
    keep(this.#strongReplica, item);
  }

  /** What arrives again changes nothing, so it is not passed on again. */
  #onStrongChange(item: EventsItem): void {
    const { region, streams } = this.#options;
    const { change, write } = item;
    streams.strong.push(change);
    // Where a commit became final does not show.
    const isOwn = 'commit' in change && change.commit.region === region;
    this.#count(change, { ...write, region: isOwn ? region : '' });
    this.#strongReplication.send(keyOf(item), (there) => there.#keepStrong(item));
  }

  #sendEntry(entry: LedgerEntry, to?: RegionTables): void {
    this.#ledgerReplication.send(`conflicts ${listedKeyOf(entry)}`, (there) => there.ledger.replicate(entry), to);
  }

  #sendPlacement(record: PlacementRecord, to?: RegionTables): void {
    this.#placementReplication.send(`placement ${record.region}`, (there) => there.placements.replicate(record), to);
  }

  #sendSubscriberItems(to?: RegionTables): void {
    for (const [name, table] of this.#subscriberTables)
      for (const item of table.items()) this.#sendSubscriberItem(name, item, to);
  }

  #sendSubscriberItem(name: string, item: SubscriberItem, to?: RegionTables): void {
    const key = `subscriber ${name} ${item.pk.S} ${item.sk.S}`;
    this.#subscriberReplication.send(key, (there) => there.#subscriberTables.get(name)?.replicate(item), to);
  }

  #onReplicated(item: EventsItem): void {
    const { counts, scheduler } = this.#options;
    const before = counts.seen;
    keep(this.#events, item);
    if (counts.seen > before) counts.lags.push(scheduler.now() - item.write.at);
  }

  #decisionsOf(shared: MemoryDecisions | undefined): Decisions {
    const { region, scheduler, counts, streams } = this.#options;
    const record = (change: DecisionChange): void => streams.decisions.push(change);
    if (shared) {
      // They need no replication; their records still go into every Region's stream.
      const onPut = (decision: Decision): void => {
        record({ decision });
        counts.decided++;
        this.#decisionReplication.send(itemOf(decision), (peer) => peer.restoreShared(decision));
      };
      return {
        decisions: strongDecisions(shared, () => this.#voters(), onPut),
        replicate: (decision) => record({ decision }),
        since: ({ transaction, attempt }) => shared.since(transaction, attempt),
        items: () => [],
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
        this.#decisionReplication.send(itemOf(decision), (peer) => peer.#decisionStore.replicate(decision, write));
      },
    });
    return {
      decisions,
      replicate: decisions.replicate,
      since: ({ transaction, attempt }) => decisions.since(transaction, attempt),
      items: decisions.items,
    };
  }

  /** A replica whose table cannot be reached is not part of a majority. */
  #voters(): readonly Voter[] {
    return this.#options.peers().map(({ links, back, tables }) => ({
      there: async () => {
        await links.invoke.pass();
        if (tables.outage.left > 0) throw new Error('The table cannot be reached there.');
      },
      back: () => back.invoke.pass(),
      keep: (item) => tables.#keepStrong(item),
    }));
  }
}

/** The decisions of a Region. */
interface Decisions {
  readonly decisions: TransactionsTable;
  readonly since: (decision: Decision) => number | undefined;
  /** Adds a decision of another Region. */
  readonly replicate: (decision: Decision, write?: WriteStamp) => void;
  /** The items of a replica. */
  readonly items: () => readonly DecisionItem[];
}

function keep(store: MemoryEventStore, { change, write }: EventsItem): void {
  if ('commit' in change) store.replicate(change.commit, write);
  else store.replicateDecision(change.oneRegionDecision, write);
}

function keyOf({ change }: EventsItem): string {
  if (!('commit' in change)) return itemOf(change.oneRegionDecision);
  const { stream, log, position } = change.commit;
  return `${stream}@${log}.${position}`;
}

/** The key of a decision. */
function itemOf({ transaction, attempt }: Decision): string {
  return `tx/${transaction} ${attempt}`;
}

function placementTable(region: string): string {
  return `placement/${region}`;
}

/** A record of the placement in a storage. */
function storedPlacement(record: PlacementRecord): StoredItem & z.output<typeof storedPlacementSchema> {
  return { pk: { S: PLACEMENT_PARTITION }, sk: { S: record.region }, record: { S: encodePlacementRecord(record) } };
}

const storedPlacementSchema = z.object({ record: z.object({ S: z.string() }) });
