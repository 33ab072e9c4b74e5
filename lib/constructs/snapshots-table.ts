import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PARTITION_KEY, SORT_KEY } from '../../core/names.ts';
import { Encryption } from './encryption.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** Properties of SnapshotsTable. */
export interface SnapshotsTableProps {
  /** Name of the table. */
  readonly tableName: string;
  /** How the table is paid for. @default by the request, without a maximum */
  readonly billing?: Billing;
}

/** Snapshots of streams, so that long streams load fast. Not replicated: every Region takes its own. */
export class SnapshotsTable extends Construct {
  readonly #table: TableV2;

  constructor(scope: Construct, id: string, { tableName, billing = Billing.onDemand() }: SnapshotsTableProps) {
    super(scope, id);
    this.#table = new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      billing,
      encryption: Encryption.of(this).table(),
      // Snapshots never need to be restored, but a rule without exceptions (every table has recovery) is worth the
      // cost.
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Lost snapshots are recreated from the events.
      removalPolicy: removalPolicyOf(true),
    });
  }

  /** Lets a role load, take and delete snapshots. */
  grantUse(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:Query', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem');
  }

  #grant(grantee: IGrantable, ...actions: string[]): void {
    this.#table.grant(grantee, ...actions);
    Encryption.of(this).grant(grantee, 'table');
  }
}
