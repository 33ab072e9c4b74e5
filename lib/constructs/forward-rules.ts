import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';

/** A rule that forwards a Region's events to another Region. */
export interface ForwardRule {
  /** The other Region. */
  readonly to: string;
  readonly ruleName: string;
  readonly arn: string;
}

/**
 * The forwarding rules of a Region, one for each other Region. They are referred to by name, because they are in a stack that is
 * deployed last.
 */
export function forwardRulesOf(scope: Construct, config: Config, region: string): readonly ForwardRule[] {
  const names = namesOf(config.name);
  return config.regions
    .filter((other) => other !== region)
    .map((to) => {
      const ruleName = names.rule(`forward-${to}`);
      const arn = Stack.of(scope).formatArn({
        service: 'events',
        resource: 'rule',
        resourceName: `${names.bus}/${ruleName}`,
      });
      return { to, ruleName, arn };
    });
}
