import { type ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type Environment, namesOf } from '../../core/names.ts';
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

/** This Region's replicas of the global tables of events, found by their names: the second one has the `strong` streams, if there are any. */
export class EventsReplica extends Construct {
  /** The streams of the replicas, by the names of what they carry. */
  readonly streams: Readonly<Record<string, TableStream>>;
  /** The variables of functions that use the tables. */
  readonly environment: Environment;
  readonly #tables: readonly ITableV2[];

  constructor(scope: Construct, id: string, { config, streams }: EventsReplicaProps) {
    super(scope, id);
    const { eventsTable, strongEventsTable } = namesOf(config.name);
    const table = TableV2.fromTableName(this, 'Table', eventsTable);
    const commits = streams.streamOf(this, table, EVENTS_STREAM_VIEW);
    this.#tables = [table];
    this.streams = { Commits: commits };
    this.environment = { EVENTS_TABLE: eventsTable };
    if (config.strongTypes.length === 0) return;
    const within = new Construct(this, 'Strong');
    const strong = TableV2.fromTableName(within, 'Table', strongEventsTable);
    this.#tables = [table, strong];
    this.streams = { Commits: commits, StrongCommits: streams.streamOf(within, strong, EVENTS_STREAM_VIEW) };
    this.environment = { ...this.environment, STRONG_EVENTS_TABLE: strongEventsTable };
  }

  /** Lets a role load streams, and look up single commits. */
  grantLoad(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:Query');
  }

  /** Lets a role load streams, look up single commits, and put repairs of conflicts. */
  grantRepair(grantee: IGrantable): void {
    // Strong streams have no repairs, but one store puts into either table.
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem');
  }

  /** Lets a role see which positions are taken, except in strong streams, where no conflicts are looked for. */
  grantSeeTaken(grantee: IGrantable): void {
    this.#grantOn(this.#tables.slice(0, 1), grantee, 'dynamodb:BatchGetItem');
  }

  /** Lets a role load streams, look up single commits, see which positions are taken, and read the whole table. */
  grantScan(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query', 'dynamodb:Scan');
  }

  /** Lets a role put commits that the replica lacks. Strong streams have one table, and no copies. */
  grantPutMissing(grantee: IGrantable): void {
    this.#grantOn(this.#tables.slice(0, 1), grantee, 'dynamodb:PutItem');
  }

  /** Lets a role make the intents of streams that have a home final: strong streams have none. */
  grantEndIntents(grantee: IGrantable): void {
    this.#grantOn(this.#tables.slice(0, 1), grantee, 'dynamodb:UpdateItem');
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

  /** Lets a role see whether the table responds: that of the strong streams needs other Regions, and says nothing of this one. */
  grantProbe(grantee: IGrantable): void {
    this.#grantOn(this.#tables.slice(0, 1), grantee, 'dynamodb:GetItem');
  }

  /** Lets a role read the outcomes of one-Region transactions. */
  grantReadOutcomes(grantee: IGrantable): void {
    // Strong streams take no part in such transactions.
    this.#grantOn(this.#tables.slice(0, 1), grantee, 'dynamodb:GetItem');
  }

  #grant(grantee: IGrantable, ...actions: string[]): void {
    this.#grantOn(this.#tables, grantee, ...actions);
  }

  #grantOn(tables: readonly ITableV2[], grantee: IGrantable, ...actions: string[]): void {
    for (const table of tables) table.grant(grantee, ...actions);
    Encryption.of(this).grant(grantee, 'table');
  }
}
