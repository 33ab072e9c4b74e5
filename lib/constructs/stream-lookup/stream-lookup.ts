import { fileURLToPath } from 'node:url';
import { CustomResource, Duration, Validations } from 'aws-cdk-lib';
import type { ITableV2, StreamViewType } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import type { Config } from '../../config.ts';
import { MeridianFunction } from '../meridian-function.ts';

/** Properties of StreamLookup. */
export interface StreamLookupProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The replica of this Region. */
  readonly table: ITableV2;
  /** The view type of its stream; another one means another stream. */
  readonly viewType: StreamViewType;
}

/**
 * Finds the ARN of the stream of this Region's replica. It holds the time at which the stream was made, so CloudFormation
 * only knows it in the Region that made the table, and `replica(region).tableStreamArn` of CDK ends with `/stream/*`,
 * which no event source mapping takes.
 */
export class StreamLookup extends Construct {
  /** ARN of the replica's latest stream. */
  readonly streamArn: string;

  constructor(scope: Construct, id: string, { config, region, table, viewType }: StreamLookupProps) {
    super(scope, id);
    const lookup = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'stream-lookup',
      entry: fileURLToPath(new URL('index.ts', import.meta.url)),
      description: 'Finds the ARN of the events table stream during a deploy',
      environment: {},
      timeout: Duration.minutes(1),
      memorySize: 256,
    });
    table.grant(lookup.role, 'dynamodb:DescribeTable');

    // CloudFormation runs it again whenever one of the properties differs from the last deploy's.
    const resource = new CustomResource(this, 'Resource', {
      serviceToken: lookup.function.functionArn,
      serviceTimeout: Duration.minutes(3),
      properties: {
        TableName: table.tableName,
        ViewType: viewType,
        Replicas: config.regions,
        Log: config.logs[region],
        Nonce: config.nonce,
      },
    });
    Validations.of(resource).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason: 'CDK writes serviceTimeout as a string, which CloudFormation takes for the number that it is.',
    });
    this.streamArn = resource.getAttString('StreamArn');
  }
}
