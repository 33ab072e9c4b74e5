import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { LISTED_INDEX, namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { CONFLICTS_STREAM_VIEW } from './conflicts-table.ts';
import { Encryption } from './encryption.ts';
import type { StreamLookup, TableStream } from './stream-lookup/stream-lookup.ts';

/** Properties of ConflictsReplica. */
export interface ConflictsReplicaProps {
  /** The deployment. */
  readonly config: Config;
  /** Finds the replica's stream. */
  readonly streams: StreamLookup;
}

/** This Region's replica of the ledger of conflicts, found by its name. */
export class ConflictsReplica extends Construct {
  /** The replica's own stream. */
  readonly stream: TableStream;
  readonly #arn: string;

  constructor(scope: Construct, id: string, { config, streams }: ConflictsReplicaProps) {
    super(scope, id);
    const table = TableV2.fromTableName(this, 'Table', namesOf(config.name).conflictsTable);
    this.stream = streams.streamOf(this, table, CONFLICTS_STREAM_VIEW);
    this.#arn = table.tableArn;
  }

  /** Lets a role read which streams are watched. */
  grantReadWatches(grantee: IGrantable): void {
    this.#grant(grantee, [this.#arn], 'dynamodb:BatchGetItem');
  }

  /** Lets a role read the entries of a stream, and lists of entries. */
  grantRead(grantee: IGrantable): void {
    this.#grant(grantee, [this.#arn, `${this.#arn}/index/${LISTED_INDEX}`], 'dynamodb:Query');
  }

  /** Lets a role keep the entries of this Region. */
  grantKeep(grantee: IGrantable): void {
    this.#grant(grantee, [this.#arn], 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:DeleteItem');
  }

  #grant(grantee: IGrantable, resourceArns: readonly string[], ...actions: string[]): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns: [...resourceArns] });
    Encryption.of(this).grant(grantee, 'table');
  }
}
