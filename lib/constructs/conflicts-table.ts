import { AttributeType, ProjectionType, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { LISTED_BUCKET, LISTED_INDEX, LISTED_KEY } from '../../core/names.ts';
import { type GlobalTableProps, globalTable } from './global-table.ts';

/** The stream view that relay needs. The stream lookup runs again if it changes. */
export const CONFLICTS_STREAM_VIEW = StreamViewType.NEW_AND_OLD_IMAGES;

/** The ledger of conflicts: one global table with eventual consistency (MREC). Each Region only writes items of its own. */
export class ConflictsTable extends Construct {
  constructor(scope: Construct, id: string, props: GlobalTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', {
      ...globalTable(this, props),
      dynamoStream: CONFLICTS_STREAM_VIEW,
      globalSecondaryIndexes: [
        {
          indexName: LISTED_INDEX,
          partitionKey: { name: LISTED_BUCKET, type: AttributeType.STRING },
          sortKey: { name: LISTED_KEY, type: AttributeType.STRING },
          projectionType: ProjectionType.ALL,
        },
      ],
    });
  }
}
