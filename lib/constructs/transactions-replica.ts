import { type ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import type { StreamLookup, TableStream } from './stream-lookup/stream-lookup.ts';
import { TRANSACTIONS_STREAM_VIEW } from './transactions-table.ts';

/** Properties of TransactionsReplica. */
export interface TransactionsReplicaProps {
  /** The deployment. */
  readonly config: Config;
  /** Finds the replica's stream. */
  readonly streams: StreamLookup;
}

/** This Region's replica of the global transactions table, found by its name. */
export class TransactionsReplica extends Construct {
  /** The replica's own stream. */
  readonly stream: TableStream;
  readonly #table: ITableV2;

  constructor(scope: Construct, id: string, { config, streams }: TransactionsReplicaProps) {
    super(scope, id);
    this.#table = TableV2.fromTableName(this, 'Table', namesOf(config.name).transactionsTable);
    this.stream = streams.streamOf(this, this.#table, TRANSACTIONS_STREAM_VIEW);
  }

  /** Lets a role read decisions, each by its attempt. */
  grantRead(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem');
  }

  /** Lets a role read the decisions of a transaction, and the whole table. */
  grantScan(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan');
  }

  /** Lets a role read decisions and add missing ones. */
  grantDecide(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:PutItem');
  }

  /** Lets a role decide, and follow a transaction from attempt to attempt. */
  grantDrive(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query');
  }

  #grant(grantee: IGrantable, ...actions: string[]): void {
    this.#table.grant(grantee, ...actions);
    Encryption.of(this).grant(grantee, 'table');
  }
}
