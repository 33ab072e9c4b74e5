import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';

/** Properties of PlacementReplica. */
export interface PlacementReplicaProps {
  /** The deployment. */
  readonly config: Config;
}

/** This Region's replica of the table that says where home streams are written, found by its name. */
export class PlacementReplica extends Construct {
  readonly #arn: string;

  constructor(scope: Construct, id: string, { config }: PlacementReplicaProps) {
    super(scope, id);
    this.#arn = TableV2.fromTableName(this, 'Table', namesOf(config.name).placementTable).tableArn;
  }

  /** Lets a role read where home streams are written. */
  grantRead(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:Query');
  }

  /** Lets a role move homes. */
  grantMove(grantee: IGrantable): void {
    this.#grant(grantee, 'dynamodb:Query', 'dynamodb:PutItem');
  }

  #grant(grantee: IGrantable, ...actions: string[]): void {
    Grant.addToPrincipal({ grantee, actions, resourceArns: [this.#arn] });
    Encryption.of(this).grant(grantee, 'table');
  }
}
