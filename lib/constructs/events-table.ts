import { MultiRegionConsistency, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { type GlobalTableProps, globalTable } from './global-table.ts';

/** The stream view that relay needs. The stream lookup runs again if it changes. */
export const EVENTS_STREAM_VIEW = StreamViewType.NEW_AND_OLD_IMAGES;

/** Properties of EventsTable. */
export interface EventsTableProps extends GlobalTableProps {
  /**
   * Whether it has multi-Region strong consistency (MRSC), for `strong` streams; DynamoDB then has no transactions, no TTL and no local
   * indexes for it. @default false: eventual consistency (MREC)
   */
  readonly strong?: boolean;
}

/** An event store: one global table with a replica in every Region. */
export class EventsTable extends Construct {
  constructor(scope: Construct, id: string, { strong = false, ...props }: EventsTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', {
      ...globalTable(this, props),
      dynamoStream: EVENTS_STREAM_VIEW,
      ...(strong && { multiRegionConsistency: MultiRegionConsistency.STRONG }),
    });
  }
}
