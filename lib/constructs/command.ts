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
  /** What it needs to append and to take transactions in. */
  readonly transacting: Transacting;
}

/** The function that other Regions invoke for streams that are at home here, and for transactions that are driven here. */
export class Command extends Construct {
  readonly #function: MeridianFunction;

  constructor(scope: Construct, id: string, { config, region, transacting }: CommandProps) {
    super(scope, id);
    this.#function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'command',
      description: 'Appends and transacts, for other Regions, where that is up to this one',
      environment: transacting.environment,
    });
    grantTransacting(this.#function.role, transacting);
  }

  /** Lets a role invoke the command function of every other Region. */
  grantInvokeElsewhere(grantee: IGrantable): void {
    this.#function.grantInvokeElsewhere(grantee);
  }
}
