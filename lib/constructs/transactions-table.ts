import { Stack } from 'aws-cdk-lib';
import {
  AttributeType,
  Billing,
  MultiRegionConsistency,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { REGION_TAG } from '../names.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** The stream view that relay reads; also part of what the stream lookup depends on. */
export const TRANSACTIONS_STREAM_VIEW = StreamViewType.NEW_AND_OLD_IMAGES;

/** Properties of TransactionsTable. */
export interface TransactionsTableProps {
  /** Name of the table, the same in every Region. */
  readonly tableName: string;
  /** The Regions besides that of the stack. */
  readonly replicaRegions: readonly string[];
  /** Whether every Region sees a decision at once, or replicas catch up. It can never be changed. */
  readonly decisions: Config['decisions'];
  /**
   * Whether the table goes with its stack.
   * @default false
   */
  readonly ephemeral?: boolean;
}

/** The decisions of transactions: one global table. With strong consistency DynamoDB has no TTL and no indexes for it. */
export class TransactionsTable extends Construct {
  constructor(scope: Construct, id: string, props: TransactionsTableProps) {
    super(scope, id);
    const { tableName, replicaRegions, decisions, ephemeral = false } = props;
    // Replicas take over recovery, protection and encryption from these properties.
    new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      dynamoStream: TRANSACTIONS_STREAM_VIEW,
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !ephemeral,
      removalPolicy: removalPolicyOf(ephemeral),
      multiRegionConsistency: decisions === 'strong' ? MultiRegionConsistency.STRONG : MultiRegionConsistency.EVENTUAL,
      tags: [tagOf(Stack.of(this).region)],
      replicas: replicaRegions.map((region) => ({ region, tags: [tagOf(region)] })),
    });
  }
}

/** Each replica is billed in its own Region, not in that of the stack. */
const tagOf = (value: string) => ({ key: REGION_TAG, value });
