import { memoryDecisions } from '../../../adapters/memory/decisions.ts';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memoryLedger } from '../../../adapters/memory/ledger.ts';
import { memoryPlacement } from '../../../adapters/memory/placement.ts';
import { memoryQuarantine } from '../../../adapters/memory/quarantine.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import type { OperatePorts } from '../../../core/operate/actions.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { fakeRuntime } from '../../runtime.ts';

/** What an operator action runs on in one Region, in memory, with a bus and queues that take everything. */
export function operatePorts(): OperatePorts {
  const runtime = fakeRuntime();
  return {
    domain: toyDomain,
    region: 'us-east-1',
    ledger: memoryLedger(),
    regions: ['us-east-1', 'us-east-2', 'us-west-2'],
    placements: memoryPlacement(),
    events: memoryEventStore(),
    decisions: memoryDecisions({ strong: true }),
    views: memoryViewStore(),
    bus: { put: async (entries) => entries.map(() => undefined) },
    quarantine: memoryQuarantine(runtime.now),
    ingest: { send: async (bodies) => bodies.map(() => undefined) },
    resolver: { send: async (messages) => messages.map(() => undefined) },
    runtime,
  };
}
