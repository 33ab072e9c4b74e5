import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { PARTITION_KEY, SEEN_PARTITION, SORT_KEY } from '../../core/names.ts';
import { Encryption } from './encryption.ts';
import { removalPolicyOf } from './removal-policy.ts';

/** Properties of ViewsTable. */
export interface ViewsTableProps {
  /** Name of the table. */
  readonly tableName: string;
  /** Whether the table is deleted with its stack. @default false */
  readonly ephemeral?: boolean;
  /** How the table is paid for. @default by the request, without a maximum */
  readonly billing?: Billing;
}

/** The read models of one Region. Not replicated: every Region computes its own. */
export class ViewsTable extends Construct {
  readonly #table: TableV2;

  constructor(
    scope: Construct,
    id: string,
    { tableName, ephemeral = false, billing = Billing.onDemand() }: ViewsTableProps,
  ) {
    super(scope, id);
    this.#table = new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      billing,
      encryption: Encryption.of(this).table(),
      // Views can be rebuilt from the events, but restoring a backup is faster than folding years of events.
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !ephemeral,
      removalPolicy: removalPolicyOf(ephemeral),
    });
  }

  /** Lets a role read single rows and pages. */
  grantRead(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:Query', 'dynamodb:BatchGetItem');
  }

  /** Lets a role read the rows of a batch and change them; all but the first action are also used inside TransactWriteItems. */
  grantProject(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
  }

  /** Lets a role rebuild views, in separate rows, and delete the rows that are no longer read. */
  grantRebuild(grantee: IGrantable): void {
    this.#grant(
      grantee,
      'dynamodb:Query',
      'dynamodb:BatchGetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:BatchWriteItem',
    );
  }

  /** Lets a role record what this Region has seen of the others, without access to the rows of views. */
  grantRecordSeen(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:UpdateItem'],
      resourceArns: [this.#table.tableArn],
      conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [SEEN_PARTITION] } },
    });
    Encryption.of(this).grant(grantee, 'table');
  }

  #grant(grantee: IGrantable, ...actions: string[]): void {
    this.#table.grant(grantee, ...actions);
    Encryption.of(this).grant(grantee, 'table');
  }
}
