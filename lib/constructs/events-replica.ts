import { type ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { namesOf } from '../names.ts';
import { EVENTS_STREAM_VIEW } from './events-table.ts';
import { StreamLookup } from './stream-lookup/stream-lookup.ts';

/** Properties of EventsReplica. */
export interface EventsReplicaProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
}

/** This Region's replica of the global events table, found by its name. */
export class EventsReplica extends Construct {
  /** ARN of the replica's own stream. */
  readonly streamArn: string;
  readonly #table: ITableV2;

  constructor(scope: Construct, id: string, { config, region }: EventsReplicaProps) {
    super(scope, id);
    this.#table = TableV2.fromTableName(this, 'Table', namesOf(config.name).eventsTable);
    this.streamArn = new StreamLookup(this, 'Stream', {
      config,
      region,
      table: this.#table,
      viewType: EVENTS_STREAM_VIEW,
    }).streamArn;
  }

  /** Lets a role load streams. */
  grantLoad(grantee: IGrantable): void {
    this.#table.grant(grantee, 'dynamodb:Query');
  }

  /** Lets a role load streams and read the whole table. */
  grantScan(grantee: IGrantable): void {
    this.#table.grant(grantee, 'dynamodb:Query', 'dynamodb:Scan');
  }

  /** Lets a role load streams and append to them. */
  grantAppend(grantee: IGrantable): void {
    this.#table.grant(grantee, 'dynamodb:Query', 'dynamodb:PutItem');
  }

  /** Lets a role's event source mapping read the stream; Lambda asks for these four when the mapping is made. */
  grantStreamRead(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      resourceArns: [this.streamArn],
    });
  }
}
