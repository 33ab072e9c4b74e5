import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { MeridianFunction } from './meridian-function.ts';
import { grantTransacting, type Transacting } from './transacting.ts';

/** Properties of Command. */
export interface CommandProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The resources for appends and transactions. */
  readonly transacting: Transacting;
}

/** The function that other Regions invoke for streams whose home is here, and for transactions driven from here. */
export class Command extends Construct {
  readonly #function: MeridianFunction;

  constructor(scope: Construct, id: string, { config, region, transacting }: CommandProps) {
    super(scope, id);
    this.#function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'command',
      description: 'Appends and runs transactions on behalf of other Regions',
      environment: transacting.environment,
    });
    grantTransacting(this.#function.role, transacting);
  }

  /** Lets a role invoke the command function of every other Region. */
  grantInvokeElsewhere(grantee: IGrantable): void {
    this.#function.grantInvokeElsewhere(grantee);
  }
}
