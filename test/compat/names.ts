import { partitionKey } from '../../adapters/dynamodb/view-item.ts';
import { nodeRuntime } from '../../adapters/node/runtime.ts';
import { shardOf } from '../../core/definition/view.ts';
import { fingerprintOf } from '../../core/facts/fingerprint.ts';
import type { Generation } from '../../core/facts/generation.ts';
import type { Append } from '../../core/index.ts';
import { namesOf } from '../../core/names.ts';
import { storedAs } from '../../core/view/generation.ts';
import { APPEND, COMMAND, fastPathPattern, forwardPattern, ingestPattern, TRANSACT } from '../../core/wire/bus.ts';
import { subscriptionPattern } from '../../core/wire/subscription.ts';
import { parseTransaction } from '../../core/wire/transaction-envelope.ts';
import { appendToStream } from '../../core/write/append.ts';
import { toyDomain } from '../../testing/toy.ts';
import { ownName } from '../own-name.ts';
import { aRegionOf, EAST, REGIONS } from './asked.ts';
import { type Form, message } from './form.ts';

/** The runtime of deployed functions, but without metrics. */
const runtime = nodeRuntime({ metric: () => undefined, unexpected: () => undefined });

/** Values that are computed or fixed, and must be the same in every version: digests, partitions, names, rules. */
export const names: Readonly<Record<string, Form>> = {
  fingerprint: message({
    write: async (asked: { readonly append: Append } | { readonly transaction: unknown }) => {
      if ('transaction' in asked)
        return parseTransaction({ domain: toyDomain, region: EAST, regions: REGIONS, runtime }, asked.transaction)
          .fingerprint;
      const region = aRegionOf(EAST);
      await appendToStream({ ...region, runtime: { ...region.runtime, digest: runtime.digest } }, asked.append);
      return (await region.events.load(asked.append.stream))[0]?.fingerprint;
    },
    uses: [appendToStream, parseTransaction, fingerprintOf, nodeRuntime],
  }),
  'view-partition': message({
    write: ({ view, stream, ...of }: Generation & { readonly view: string; readonly stream: string }) =>
      partitionKey(storedAs(view, of), of.kind === 'rows' ? 'row' : 'total', shardOf(of.shards, stream)),
    uses: [storedAs, shardOf, partitionKey],
  }),
  'bus-rules': message({
    write: ({ region, types }: { readonly region: string; readonly types: readonly string[] }) => ({
      ingest: ingestPattern,
      forward: forwardPattern(region),
      fastPath: fastPathPattern(region, types),
      subscription: subscriptionPattern(types),
      subscriptionInRegion: subscriptionPattern(types, [region]),
    }),
    uses: [ingestPattern, forwardPattern, fastPathPattern, subscriptionPattern, APPEND, COMMAND, TRANSACT],
  }),
  'deployed-names': message({
    write: ({ prefix, region }: { readonly prefix: string; readonly region: string }) => {
      const deployed = namesOf(prefix);
      const { bus, eventsTable, transactionsTable, viewsTable, snapshotsTable, conflictsTable } = deployed;
      const { placementTable, transactionMachine } = deployed;
      return {
        ...{ bus, eventsTable, transactionsTable, viewsTable, snapshotsTable, conflictsTable },
        ...{ placementTable, transactionMachine },
        subscriberTable: deployed.subscriberTable(ownName('subscriber')),
        functions: (['command', 'participant', 'turn', 'operate'] as const).map(deployed.function),
        queues: (['ingest', 'projection', 'resolver', 'subscriber', 'quarantine'] as const).map(deployed.queue),
        deadLetters: (['ingest-dead-letter', 'forwarding-dead-letter'] as const).map(deployed.queue),
        forwardRole: deployed.role(region, 'forward'),
      };
    },
    uses: [namesOf],
  }),
};
