import { describe } from 'vitest';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memoryLedger } from '../../adapters/memory/ledger.ts';
import { memoryPlacement } from '../../adapters/memory/placement.ts';
import { memoryQuarantine } from '../../adapters/memory/quarantine.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import { decisionScanContract } from './decision-scan.contract.ts';
import { decisionsContract } from './decisions.contract.ts';
import { eventScanContract } from './event-scan.contract.ts';
import { eventStoreContract } from './event-store.contract.ts';
import { ledgerContract } from './ledger.contract.ts';
import { placementContract } from './placement.contract.ts';
import { progressContract } from './progress.contract.ts';
import { quarantineContract } from './quarantine.contract.ts';
import { sharedProgressContract } from './shared-progress.contract.ts';
import { sightingsContract } from './sightings.contract.ts';
import { snapshotStoreContract } from './snapshot-store.contract.ts';
import { memorySharedTally, memoryTally } from './tally.ts';
import { transactionContract } from './transaction.contract.ts';
import { viewStoreContract } from './view-store.contract.ts';

describe('memory', () => {
  eventStoreContract(() => memoryEventStore());
  eventScanContract(async () => memoryEventStore());
  transactionContract(() => memoryEventStore());
  decisionsContract(() => memoryDecisions({ strong: true }));
  decisionScanContract(async () => memoryDecisions({ strong: true }));
  viewStoreContract(memoryViewStore);
  sightingsContract(memorySightings);
  ledgerContract(async () => memoryLedger());
  placementContract(async () => memoryPlacement());
  snapshotStoreContract(memorySnapshotStore);
  progressContract(memoryTally);
  sharedProgressContract(memorySharedTally);
  quarantineContract(() => {
    let now = Date.now();
    return {
      quarantine: memoryQuarantine(() => now),
      pass: async (milliseconds) => {
        now += milliseconds;
      },
    };
  });
});
