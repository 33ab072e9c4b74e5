import { type App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Construct } from 'constructs';
import { projectedTypes } from '../core/index.ts';
import { namesOf, REGION_TAG } from '../core/names.ts';
import { domainFileOf, readDomain } from '../project/domain-file.ts';
import { registrySchemas } from '../schemas/documents.ts';
import { MeridianChecks } from './checks/meridian-checks.ts';
import { type Config, parseConfig } from './config.ts';
import type { Subscription } from './constructs/subscriber.ts';
import { type Deployed, REGIONS_FILE, readDeployed } from './deployed-regions.ts';
import { GlobalStack } from './stacks/global-stack.ts';
import { RegionStack } from './stacks/region-stack.ts';

/**
 * Properties of Meridian. What is left out is taken from the CDK context, of the same name: `cdk.json`, or `cdk -c key=value`.
 * docs/tutorial.md says what each of them may be.
 */
export interface MeridianProps extends Partial<Omit<Config, 'domain'>> {
  /**
   * The file that exports `domain`: a URL, as `import.meta.resolve('../streams/index.ts')` gives it, or an absolute path. It is
   * read at once, and bundled into the functions.
   */
  readonly domain: string;
  /**
   * The subscribers of a Region, by the names of their constructs.
   * @default there are none
   */
  readonly subscriptions?: (region: string, config: Config) => Readonly<Record<string, Subscription>>;
}

/** A deployment: the stack of what spans Regions, and one for each Region. */
export class Meridian extends Construct {
  readonly config: Config;
  /** In the primary Region. */
  readonly global: GlobalStack;
  /** One per Region, in the order of the configuration. */
  readonly regions: readonly RegionStack[];

  /**
   * @param scope the app: the stacks are its own, under the names that they have in AWS
   * @throws ConfigError when the properties or the context cannot be deployed; DomainFileError when the domain cannot be read
   */
  constructor(scope: App, id: string, { domain: where, subscriptions = () => ({}), ...given }: MeridianProps) {
    super(scope, id);
    const file = domainFileOf(where);
    const domain = readDomain(file);
    const props: Readonly<Record<string, unknown>> = given;
    const config = parseConfig((key) => props[key] ?? this.node.tryGetContext(key), process.env.CDK_DEFAULT_ACCOUNT);
    this.config = { ...config, domain: file };
    const { global, regions } = addMeridian(scope, {
      config: this.config,
      projectedTypes: [...projectedTypes(domain)].sort(),
      eventSchemas: registrySchemas(domain),
      subscriptions: (region) => subscriptions(region, this.config),
      deployed: readDeployed(REGIONS_FILE, config.name),
    });
    this.global = global;
    this.regions = regions;
  }
}

/** What the stacks are made of. */
export interface StacksProps {
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
  { config, projectedTypes, eventSchemas, subscriptions, deployed }: StacksProps,
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
