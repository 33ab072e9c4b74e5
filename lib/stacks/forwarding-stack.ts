import { Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { COMPONENT_TAG } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { Forwarding } from '../constructs/forwarding.ts';

/** Properties of ForwardingStack. */
export interface ForwardingStackProps extends StackProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack, one of the deployment's. */
  readonly region: string;
}

/** The rules that forward a Region's events to the other Regions: a stack of their own, deployed when every bus exists. */
export class ForwardingStack extends Stack {
  constructor(scope: Construct, id: string, { config, region, ...props }: ForwardingStackProps) {
    super(scope, id, props);
    const forwarding = new Forwarding(this, 'Forwarding', { config, region });
    Tags.of(forwarding).add(COMPONENT_TAG, forwarding.node.id);
  }
}
