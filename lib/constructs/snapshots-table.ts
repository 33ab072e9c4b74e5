import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY } from '../../core/names.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** Properties of SnapshotsTable. */
export interface SnapshotsTableProps {
  /** Name of the table. */
  readonly tableName: string;
}

/** Snapshots of streams, so that long ones load fast; not replicated, every Region takes its own. */
export class SnapshotsTable extends Construct {
  readonly #table: TableV2;

  constructor(scope: Construct, id: string, { tableName }: SnapshotsTableProps) {
    super(scope, id);
    this.#table = new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      // Nothing in it has to be restored ever, but a rule without exceptions costs less to trust than this does.
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // What is lost with it is made again from the events.
      removalPolicy: removalPolicyOf(true),
    });
  }

  /** Lets a role go on from snapshots, take new ones and put old ones away. */
  grantUse(grantee: IGrantable): void {
    this.#table.grant(grantee, 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem');
  }
}
