import { type App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { namesOf, REGION_TAG } from '../core/names.ts';
import { MeridianChecks } from './checks/meridian-checks.ts';
import type { Config } from './config.ts';
import type { Subscription } from './constructs/subscriber.ts';
import type { Deployed } from './deployed-regions.ts';
import { GlobalStack } from './stacks/global-stack.ts';
import { RegionStack } from './stacks/region-stack.ts';

/** Properties of addMeridian. */
export interface MeridianProps {
  /** The deployment. */
  readonly config: Config;
  /** The stream types whose events some view is made of. */
  readonly projectedTypes: readonly string[];
  /** The domain's events as EventBridge delivers them, JSON Schema draft 4 by name. */
  readonly eventSchemas: Readonly<Record<string, object>>;
  /** The subscribers of a Region, by the names of their constructs. */
  readonly subscriptions: (region: string) => Readonly<Record<string, Subscription>>;
  /** How it is deployed; undefined before its first deploy. */
  readonly deployed: Deployed | undefined;
}

/** The stacks of a deployment. */
export interface MeridianStacks {
  /** In the primary Region. */
  readonly global: GlobalStack;
  /** One per Region, in the order of the configuration. */
  readonly regions: readonly RegionStack[];
}

/** Adds a deployment's stacks to an app, with its tags and the checks that they have to pass. */
export function addMeridian(
  app: App,
  { config, projectedTypes, eventSchemas, subscriptions, deployed }: MeridianProps,
): MeridianStacks {
  const names = namesOf(config.name);
  const env = (region: string | undefined) => ({
    ...(config.account !== undefined && { account: config.account }),
    ...(region !== undefined && { region }),
  });
  const global = new GlobalStack(app, names.globalStack, {
    env: env(config.regions[0]),
    description: 'Meridian: what spans Regions',
    config,
  });
  const regions = config.regions.map((region) => {
    const stack = new RegionStack(app, names.regionStack(region), {
      env: env(region),
      description: `Meridian: all that ${region} needs to work on its own`,
      config,
      region,
      projectedTypes,
      eventSchemas,
      subscriptions: subscriptions(region),
    });
    // It reads the stream of a replica that the global stack makes.
    stack.addStackDependency(global);
    return stack;
  });
  Tags.of(app).add('meridian', config.name);
  for (const stack of regions) Tags.of(stack).add(REGION_TAG, stack.region);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new MeridianChecks({ config, deployed }));
  return { global, regions };
}
