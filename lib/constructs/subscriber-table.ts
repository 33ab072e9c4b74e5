import { StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { EXPIRES } from '../../core/names.ts';
import type { Subscription } from '../../core/wire/subscription.ts';
import { type GlobalTableProps, globalTable } from './global-table.ts';

/**
 * The progress and the sums of a subscriber that one Region at a time runs: one global table with eventual consistency (MREC). Each Region
 * only writes items of its own.
 */
export class SubscriberTable extends Construct {
  constructor(scope: Construct, id: string, props: GlobalTableProps) {
    super(scope, id);
    new TableV2(this, 'Table', {
      ...globalTable(this, props),
      timeToLiveAttribute: EXPIRES,
      dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
    });
  }
}

/** The subscribers that are named to a Region, whose tables are global. */
export function namedIn<S extends Subscription>(subscribers: readonly S[]): readonly S[] {
  return subscribers.filter(({ home }) => home !== undefined);
}
