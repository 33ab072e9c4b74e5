import { FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { Command } from './command.ts';
import { MeridianFunction } from './meridian-function.ts';
import { grantTransacting, type Transacting } from './transacting.ts';
import type { ViewsTable } from './views-table.ts';

/** Properties of Api. */
export interface ApiProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** What it needs to append and to take transactions in. */
  readonly transacting: Transacting;
  /** The read models. */
  readonly views: ViewsTable;
  /** The command functions of the other Regions. */
  readonly command: Command;
}

/** The HTTP API of a Region: a Function URL that takes requests signed by IAM. */
export class Api extends Construct {
  /** Where it is. */
  readonly url: string;

  constructor(scope: Construct, id: string, { config, region, transacting, views, command }: ApiProps) {
    super(scope, id);
    const names = namesOf(config.name);
    const api = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'api',
      description: "The Region's HTTP API",
      environment: {
        ...transacting.environment,
        VIEWS_TABLE: names.viewsTable,
        COMMAND_FUNCTION: names.function('command'),
      },
    });
    grantTransacting(api.role, transacting);
    views.grantRead(api.role);
    command.grantInvokeElsewhere(api.role);
    this.url = api.function.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM }).url;
  }
}
