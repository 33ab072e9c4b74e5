import { MultiRegionConsistency, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { type GlobalTableProps, globalTable } from './global-table.ts';

/** The stream view that relay needs. The stream lookup runs again if it changes. */
export const TRANSACTIONS_STREAM_VIEW = StreamViewType.NEW_AND_OLD_IMAGES;

/** Properties of TransactionsTable. */
export interface TransactionsTableProps extends GlobalTableProps {
  /**
   * How decisions are replicated: every Region sees a decision at once, or replicas catch up. It can never be changed.
   */
  readonly decisions: Config['decisions'];
}

/** The decisions of transactions: one global table. With strong consistency DynamoDB has no TTL and no indexes for it. */
export class TransactionsTable extends Construct {
  constructor(scope: Construct, id: string, props: TransactionsTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', {
      ...globalTable(this, props),
      dynamoStream: TRANSACTIONS_STREAM_VIEW,
      multiRegionConsistency:
        props.decisions === 'strong' ? MultiRegionConsistency.STRONG : MultiRegionConsistency.EVENTUAL,
    });
  }
}
