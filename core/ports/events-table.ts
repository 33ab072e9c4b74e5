import type { CommitScan } from './commit-scan.ts';
import type { EventStore } from './event-store.ts';
import type { IntentStore } from './intent-store.ts';
import type { OneRegionTransactions } from './one-region-transactions.ts';

/** The `events` table of this Region: what an adapter implements. Whoever uses it names only the ports that he needs. */
export interface EventsTable extends EventStore, CommitScan, IntentStore, OneRegionTransactions {}
