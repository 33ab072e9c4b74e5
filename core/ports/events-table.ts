import type { CommitScan } from './commit-scan.ts';
import type { EventStore } from './event-store.ts';
import type { IntentStore } from './intent-store.ts';
import type { OneRegionTransactions } from './one-region-transactions.ts';

/** The `events` table of this Region, as adapters implement it. Users declare only the ports that they need. */
export interface EventsTable extends EventStore, CommitScan, IntentStore, OneRegionTransactions {}
