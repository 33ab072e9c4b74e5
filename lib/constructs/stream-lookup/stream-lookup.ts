import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CustomResource, Duration, Validations } from 'aws-cdk-lib';
import type { ITableV2, StreamViewType } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../../config.ts';
import { Encryption } from '../encryption.ts';
import { MeridianFunction } from '../meridian-function.ts';

/** Properties of StreamLookup. */
export interface StreamLookupProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
}

/**
 * Finds the ARNs of the streams of this Region's replicas. They contain the time at which the stream was created, so
 * CloudFormation only knows them in the Region that created the table, and the CDK's `replica(region).tableStreamArn` ends with
 * `/stream/*`, which no event source mapping accepts.
 */
export class StreamLookup extends Construct {
  readonly #config: Config;
  readonly #region: string;
  readonly #lookup: MeridianFunction;

  constructor(scope: Construct, id: string, { config, region }: StreamLookupProps) {
    super(scope, id);
    this.#config = config;
    this.#region = region;
    this.#lookup = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'stream-lookup',
      entry: fileURLToPath(new URL(`index${extname(import.meta.url)}`, import.meta.url)),
      description: 'Finds the ARNs of the table streams during a deploy',
      environment: {},
    });
  }

  /**
   * Looks up the stream of a replica.
   * @param scope the construct that the replica belongs to
   * @param table the replica of this Region
   * @param viewType the view type of its stream; a new view type means a new stream
   */
  streamOf(scope: Construct, table: ITableV2, viewType: StreamViewType): TableStream {
    table.grant(this.#lookup.role, 'dynamodb:DescribeTable');

    // CloudFormation repeats the lookup whenever a property differs from that of the last deploy.
    const resource = new CustomResource(scope, 'Stream', {
      serviceToken: this.#lookup.function.functionArn,
      serviceTimeout: Duration.minutes(3),
      properties: {
        TableName: table.tableName,
        ViewType: viewType,
        Replicas: this.#config.regions,
        Log: this.#config.logs[this.#region],
        Nonce: this.#config.nonce,
      },
    });
    Validations.of(resource).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason: 'The CDK writes serviceTimeout as a string, which CloudFormation reads as a number.',
    });
    return new TableStream(resource.getAttString('StreamArn'), Encryption.of(this));
  }
}

/** The stream of one replica. */
export class TableStream {
  readonly arn: string;
  readonly #encryption: Encryption;

  constructor(arn: string, encryption: Encryption) {
    this.arn = arn;
    this.#encryption = encryption;
  }

  /** Lets a role's event source mapping read the stream; Lambda requires these four actions when the mapping is created. */
  grantRead(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      resourceArns: [this.arn],
    });
    this.#encryption.grant(grantee, 'stream');
  }
}
