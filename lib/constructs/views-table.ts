import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PARTITION_KEY, SEEN_PARTITION, SORT_KEY } from '../../core/names.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** Properties of ViewsTable. */
export interface ViewsTableProps {
  /** Name of the table. */
  readonly tableName: string;
  /**
   * Whether the table goes with its stack.
   * @default false
   */
  readonly ephemeral?: boolean;
}

/** The read models of one Region; not replicated, every Region computes its own. */
export class ViewsTable extends Construct {
  readonly #table: TableV2;

  constructor(scope: Construct, id: string, { tableName, ephemeral = false }: ViewsTableProps) {
    super(scope, id);
    this.#table = new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      // Views can be computed again from the events, but to restore minutes is quicker than to fold years.
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !ephemeral,
      removalPolicy: removalPolicyOf(ephemeral),
    });
  }

  /** Lets a role read rows, one or a page. */
  grantRead(grantee: IGrantable): void {
    this.#table.grant(grantee, 'dynamodb:Query', 'dynamodb:BatchGetItem');
  }

  /** Lets a role read the rows of a batch and change them; the last two also inside TransactWriteItems. */
  grantProject(grantee: IGrantable): void {
    this.#table.grant(grantee, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
  }

  /** Lets a role compute views anew, in rows of their own, and take away the rows that are no longer read. */
  grantRebuild(grantee: IGrantable): void {
    this.#table.grant(
      grantee,
      'dynamodb:Query',
      'dynamodb:BatchGetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:BatchWriteItem',
    );
  }

  /** Lets a role note what this Region has seen of the others, and change no row of a view. */
  grantRecordSeen(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:UpdateItem'],
      resourceArns: [this.#table.tableArn],
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [SEEN_PARTITION] } },
    });
  }
}
