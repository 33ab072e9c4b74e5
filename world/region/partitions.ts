import {
  type Addition,
  type Decision,
  type EventsTable,
  type Ledger,
  type PlacementStore,
  type Progress,
  type Sightings,
  type SnapshotStore,
  TRANSACTION_TYPE,
  type TransactionsTable,
  type ViewsTable,
} from '../../core/index.ts';
import type { PortCall } from './port-failures.ts';

/** The partitions that a call of each method reads or writes; a scan has none in particular. */
type PartitionsOf<Port> = {
  readonly [Method in keyof Port]?: Port[Method] extends (...args: infer Args) => unknown
    ? (...args: Args) => readonly string[]
    : never;
};

/** The partition of the outcome of a one-Region transaction. */
export function outcomeKey({ transaction }: Pick<Decision, 'transaction'>): string {
  return `${TRANSACTION_TYPE}/${transaction}`;
}

const events: PartitionsOf<EventsTable> = {
  load: (stream) => [stream],
  loadFirst: (stream) => [stream],
  loadLog: (stream) => [stream],
  at: (stream) => [stream],
  taken: (places) => places.map(({ stream }) => stream),
  put: ({ stream }) => [stream],
  finalise: ({ stream }) => [stream],
  mark: ({ stream }) => [stream],
  transact: ({ commits, free, decision }) => [
    ...[...commits, ...free].map(({ stream }) => stream),
    outcomeKey(decision),
  ],
  findDecision: (transaction) => [outcomeKey({ transaction })],
  putDecision: (decision) => [outcomeKey(decision)],
};

const decisions: PartitionsOf<TransactionsTable> = {
  put: ({ transaction }) => [transaction],
  find: (transaction) => [transaction],
  attempts: (transaction) => [transaction],
};

const snapshots: PartitionsOf<SnapshotStore> = {
  newest: (stream) => [stream],
  put: ({ stream }) => [stream],
  drop: (stream) => [stream],
};

const views: PartitionsOf<ViewsTable> = {
  generations: () => ['generations'],
  setGenerations: () => ['generations'],
  remove: (view) => [view],
  entries: (view) => [view],
  apply: (view) => [view],
  rows: (view) => [view],
  listed: (view) => [view],
  totals: (view) => [view],
  total: (view) => [view],
};

const sightings: PartitionsOf<Sightings> = { record: () => ['seen'], all: () => ['seen'] };

const ledger: PartitionsOf<Ledger> = {
  ofStream: (stream) => [stream],
  put: ({ stream }) => [stream],
  watch: (stream) => [stream],
  unwatch: (stream) => [stream],
  watched: (streams) => streams,
};

const placements: PartitionsOf<PlacementStore> = { records: () => ['placement'], put: () => ['placement'] };

const progress: PartitionsOf<Progress<Addition>> = {
  last: (stream, log) => [`${stream}@${log}`],
  advance: ({ stream, meta }) => [`${stream}@${meta.log}`],
  park: ({ stream, meta }) => [`${stream}@${meta.log}`],
  parked: (stream, log) => [`${stream}@${log}`],
};

const tables = new Map<string, object>(
  Object.entries({ events, decisions, snapshots, views, sightings, ledger, placements, progress }),
);

/** The partitions of the tables that a call reads or writes. */
export function partitionsOf({ port, method, args }: PortCall): readonly string[] {
  const of = tables.get(port);
  const names: unknown = of && Reflect.get(of, method);
  if (typeof names !== 'function') return [];
  const found: readonly string[] = Reflect.apply(names, undefined, args);
  return found.map((name) => `${port} ${name}`);
}
