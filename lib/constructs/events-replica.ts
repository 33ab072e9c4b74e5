import { type ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import { EVENTS_STREAM_VIEW } from './events-table.ts';
import type { StreamLookup, TableStream } from './stream-lookup/stream-lookup.ts';

/** Properties of EventsReplica. */
export interface EventsReplicaProps {
  /** The deployment. */
  readonly config: Config;
  /** Finds the replica's stream. */
  readonly streams: StreamLookup;
}

/** This Region's replica of the global events table, found by its name. */
export class EventsReplica extends Construct {
  /** The replica's own stream. */
  readonly stream: TableStream;
  readonly #table: ITableV2;

  constructor(scope: Construct, id: string, { config, streams }: EventsReplicaProps) {
    super(scope, id);
    this.#table = TableV2.fromTableName(this, 'Table', namesOf(config.name).eventsTable);
    this.stream = streams.streamOf(this, this.#table, EVENTS_STREAM_VIEW);
  }

  /** Lets a role load streams, and look up single commits. */
  grantLoad(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:Query');
  }

  /** Lets a role see which positions are taken. */
  grantSeeTaken(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:BatchGetItem');
  }

  /** Lets a role load streams, look up single commits and read the whole table. */
  grantScan(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan');
  }

  /** Lets a role load streams, append to them, put intents and make intents final. */
  grantAppend(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
  }

  /** Lets a role read and keep the outcomes of one-Region transactions, and write these inside TransactWriteItems. */
  grantTransact(grantee: IGrantable): void {
    this.grantAppend(grantee);
    this.#grant(grantee, 'dynamodb:ConditionCheckItem');
  }

  /** Lets a role find intents and make them final. */
  grantFinalise(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:UpdateItem');
  }

  /** Lets a role read the outcomes of one-Region transactions. */
  grantReadOutcomes(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem');
  }

  #grant(grantee: IGrantable, ...actions: string[]): void {
    this.#table.grant(grantee, ...actions);
    Encryption.of(this).grant(grantee, 'table');
  }
}
