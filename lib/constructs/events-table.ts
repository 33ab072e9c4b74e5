import { Stack } from 'aws-cdk-lib';
import { AttributeType, Billing, StreamViewType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { REGION_TAG } from '../names.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** The stream view that relay needs; also part of what the stream lookup depends on. */
export const EVENTS_STREAM_VIEW = StreamViewType.NEW_AND_OLD_IMAGES;

/** Properties of EventsTable. */
export interface EventsTableProps {
  /** Name of the table, the same in every Region. */
  readonly tableName: string;
  /** The Regions besides that of the stack. */
  readonly replicaRegions: readonly string[];
  /**
   * Whether the table goes with its stack.
   * @default false
   */
  readonly ephemeral?: boolean;
}

/** The event store: one global table with eventual consistency (MREC) and a replica in every Region. */
export class EventsTable extends Construct {
  constructor(scope: Construct, id: string, { tableName, replicaRegions, ephemeral = false }: EventsTableProps) {
    super(scope, id);
    // Replicas take over recovery, protection and encryption from these properties.
    new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      dynamoStream: EVENTS_STREAM_VIEW,
      // A customer's key would be one more thing to create, share and never lose in every Region; this one is DynamoDB's
      // own in each of them, so no append waits for KMS.
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !ephemeral,
      removalPolicy: removalPolicyOf(ephemeral),
      tags: [tagOf(Stack.of(this).region)],
      replicas: replicaRegions.map((region) => ({ region, tags: [tagOf(region)] })),
    });
  }
}

/** Each replica is billed in its own Region, not in that of the stack. */
const tagOf = (value: string) => ({ key: REGION_TAG, value });
