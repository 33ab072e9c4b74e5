import { Stack } from 'aws-cdk-lib';
import { AttributeType, Billing, type TablePropsV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { namesOf, PARTITION_KEY, REGION_TAG, SORT_KEY } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** Properties of a global table whose data cannot be recomputed. */
export interface GlobalTableProps {
  /** Name of the table, the same in every Region. */
  readonly tableName: string;
  /** The Regions of the other replicas: all except the stack's own. */
  readonly replicaRegions: readonly string[];
  /** Whether the table is deleted with its stack. @default false */
  readonly ephemeral?: boolean;
  /** How the table is paid for. @default by the request, without a maximum */
  readonly billing?: Billing;
}

/** The common properties of global tables. Replicas inherit recovery, protection and encryption from the table. */
export function globalTable(
  scope: Construct,
  { tableName, replicaRegions, ephemeral = false, billing = Billing.onDemand() }: GlobalTableProps,
): TablePropsV2 {
  return {
    tableName,
    partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
    sortKey: { name: SORT_KEY, type: AttributeType.STRING },
    billing,
    encryption: Encryption.of(scope).table(replicaRegions),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    deletionProtection: !ephemeral,
    removalPolicy: removalPolicyOf(ephemeral),
    tags: [tagOf(Stack.of(scope).region)],
    replicas: replicaRegions.map((region) => ({ region, tags: [tagOf(region)] })),
  };
}

/** The names of the global tables of a deployment. */
export function globalTablesOf({ name, strongTypes }: Config): readonly string[] {
  const { eventsTable, strongEventsTable, transactionsTable, conflictsTable, placementTable } = namesOf(name);
  const strong = strongTypes.length > 0 ? [strongEventsTable] : [];
  return [eventsTable, ...strong, transactionsTable, conflictsTable, placementTable];
}

/** Each replica is billed in its own Region, not in that of the stack. */
function tagOf(value: string) {
  return { key: REGION_TAG, value };
}
