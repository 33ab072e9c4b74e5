import { MultiRegionConsistency, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { type GlobalTableProps, globalTable } from './global-table.ts';

/** The stream view that relay needs. The stream lookup runs again if it changes. */
export const EVENTS_STREAM_VIEW = StreamViewType.NEW_AND_OLD_IMAGES;

/** The event store: one global table with eventual consistency (MREC) and a replica in every Region. */
export class EventsTable extends Construct {
  constructor(scope: Construct, id: string, props: GlobalTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', { ...globalTable(this, props), dynamoStream: EVENTS_STREAM_VIEW });
  }
}

/** The event store of `strong` streams: one global table with multi-Region strong consistency (MRSC). DynamoDB has no transactions, no TTL and no local indexes for it. */
export class StrongEventsTable extends Construct {
  constructor(scope: Construct, id: string, props: GlobalTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', {
      ...globalTable(this, props),
      dynamoStream: EVENTS_STREAM_VIEW,
      multiRegionConsistency: MultiRegionConsistency.STRONG,
    });
  }
}
