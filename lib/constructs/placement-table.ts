import { StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { type GlobalTableProps, globalTable } from './global-table.ts';

/** Where home streams are written: one global table with eventual consistency (MREC). Each Region only writes an item of its own. */
export class PlacementTable extends Construct {
  constructor(scope: Construct, id: string, props: GlobalTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', { ...globalTable(this, props), dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES });
  }
}
