import { dirname, join } from 'node:path';
import { Annotations, type App, Tags, Validations } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Construct } from 'constructs';
import { projectedTypes, strongTypes } from '../core/index.ts';
import { type DecisionsKind, namesOf, REGION_TAG } from '../core/names.ts';
import { type OwnFunctionDefinition, parseOwnFunctions, type SubscriberDefinition } from '../core/wire/subscription.ts';
import { partitionOf, regionFaults, serviceWarnings } from '../project/aws-regions.ts';
import { domainFileOf, readDomain } from '../project/domain-file.ts';
import { findProject } from '../project/project.ts';
import { registrySchemas } from '../schemas/documents.ts';
import { MeridianChecks } from './checks/meridian-checks.ts';
import { type Config, ConfigError, parseConfig } from './config.ts';
import type { Granting } from './constructs/own-function.ts';
import { type Deployed, REGIONS_FILE, readDeployed } from './deployed-regions.ts';
import { ForwardingStack } from './stacks/forwarding-stack.ts';
import { GlobalStack } from './stacks/global-stack.ts';
import { type Own, RegionStack } from './stacks/region-stack.ts';

/** A subscriber's definition, and what an app adds to it. */
export interface SubscriberProps extends SubscriberDefinition, Granting {}

/** The definition of a team's function, and what an app adds to it. */
export interface FunctionProps extends OwnFunctionDefinition, Granting {}

/**
 * Properties of Meridian. Except for `domain`, `subscribers` and `functions`, an omitted property is taken from the CDK
 * context key of the same name: in `cdk.json`, or `cdk -c key=value`.
 */
export interface MeridianProps {
  /**
   * The file that exports `domain`: a URL, as `import.meta.resolve('../streams/index.ts')` gives it, or an absolute path. It is
   * read synchronously, and bundled into the functions.
   */
  readonly domain: string;
  /** Subscribers, by name: lower-case letters, digits and single hyphens, at most 24 characters. @default none */
  readonly subscribers?: Readonly<Record<string, SubscriberProps>>;
  /**
   * Other functions of the team, by name. They are watched, logged and tagged like Meridian's own; the app decides what invokes
   * them. @default none
   */
  readonly functions?: Readonly<Record<string, FunctionProps>>;
  /**
   * Prefix of every name in AWS: 1 to 24 lower-case letters, digits and single hyphens.
   * @default meridian
   */
  readonly name?: string;
  /**
   * Two to five AWS Regions, the primary first: it holds the stack of the global tables.
   * @default the Regions in the context, which is required without this property
   */
  readonly regions?: readonly string[];
  /**
   * The AWS account, 12 digits.
   * @default that of the caller's credentials
   */
  readonly account?: string;
  /**
   * The log that a Region writes, if it is not named after the Region. A Region needs a new log after its replica was
   * rebuilt from a backup.
   * @default each Region's log is named after it
   */
  readonly logs?: Readonly<Record<string, string>>;
  /** Whether the stacks are ephemeral: no deletion protection, nothing retained. @default false */
  readonly ephemeral?: boolean;
  /**
   * Whether every Region gets an EventBridge schema registry with the domain's events.
   * @default true
   */
  readonly schemaRegistry?: boolean;
  /** A new value makes every Region look up its table streams again; `meridian deploy` passes a new one each time. @default 1 */
  readonly nonce?: string;
  /** The mail address that gets the alarms. @default none, until something subscribes to the topic of a Region */
  readonly alarmEmail?: string;
  /** Days for which the functions' logs are kept: a value that CloudWatch Logs accepts. @default 30 */
  readonly logRetentionDays?: number;
  /** Days for which each bus keeps the domain's events, to replay them to a subscriber; 0: no archive. @default 30 */
  readonly archiveDays?: number;
  /**
   * Concurrent executions that each Region reserves for transactions that wait for a busy stream. They are also the most that may wait
   * there, so that what waits cannot use up the account's; 0: no limit, and none reserved. @default 0
   */
  readonly turnConcurrency?: number;
  /**
   * The most concurrent executions of `api`, which answers callers, in each Region, so that callers cannot use up what appends,
   * transactions and queues need. They are reserved, too; 0: no limit, and none reserved. @default 500; 0 if `ephemeral`
   */
  readonly apiConcurrency?: number;
  /**
   * Whether each Region has a URL for `GET /health/live` that anyone may call without a signature, for health checks: see
   * {@link Ingress}. @default false
   */
  readonly liveUrl?: boolean;
  /** The most read request units a second of each table in each Region, so that a mistake costs no more. @default no maximum */
  readonly maxReadUnits?: number;
  /** The most write request units a second of each table in each Region. @default no maximum */
  readonly maxWriteUnits?: number;
  /**
   * The ARN of an existing, symmetric KMS key for each Region: all Regions, or none. It encrypts what Meridian stores and carries
   * there, and its policy must allow that: see {@link encryptionKeyStatements}. @default keys of AWS
   */
  readonly encryptionKeys?: Readonly<Record<string, string>>;
  /**
   * IAM roles that may move dead letters back to the queues that functions process, which deny everyone else to send: names of
   * roles of the account, with their paths; `*` matches any text. @default none
   */
  readonly redriveRoles?: readonly string[];
  /**
   * How the table of the transactions' decisions is replicated: `strong`, so that every Region sees a decision at once, or
   * `eventual`. It cannot change later.
   * @default strong if the Regions allow it
   */
  readonly decisions?: DecisionsKind;
  /**
   * The location of the runbooks that alarms link to: a URL or a path, without a trailing slash. @default docs/runbooks of the
   * package in node_modules of the project
   */
  readonly runbookUrl?: string;
}

/** A deployment: the global stack, for what spans Regions, and for each Region a stack, and one that forwards its events. */
export class Meridian extends Construct {
  readonly config: Config;
  /** In the primary Region. */
  readonly global: GlobalStack;
  /** One per Region, in the order of the configuration. */
  readonly regions: readonly RegionStack[];
  /** One per Region, in the same order. They are deployed last, because the rules in them target the buses of the Regions. */
  readonly forwarding: readonly ForwardingStack[];

  /**
   * @param scope the app, to which the stacks are added directly, under their names in AWS @throws ConfigError if the properties
   * or the context cannot be deployed; DefinitionError if a subscriber or a function cannot; DomainFileError if the domain cannot
   * be read
   */
  constructor(scope: App, id: string, { domain: where, subscribers, functions, ...props }: MeridianProps) {
    super(scope, id);
    const file = domainFileOf(where);
    const domain = readDomain(file);
    const config = parseConfig({
      context: (key) => this.node.tryGetContext(key),
      props,
      account: process.env.CDK_DEFAULT_ACCOUNT,
      strongTypes: [...strongTypes(domain)].sort(),
    });
    this.config = { ...config, domain: file };
    const { global, regions, forwarding } = addMeridian(scope, {
      config: this.config,
      projectedTypes: [...projectedTypes(domain)].sort(),
      eventSchemas: registrySchemas(domain),
      own: ownOf(
        { subscribers, functions },
        {
          regions: config.regions,
          streamTypes: [...domain.streams.keys()],
          strongTypes: config.strongTypes,
        },
      ),
      deployed: readDeployed(regionsFile(file), config.name),
    });
    this.global = global;
    this.regions = regions;
    this.forwarding = forwarding;
  }

  /** The stack of a Region, with its bus, its API, its alarm topic and its functions. @throws Error when there is no such Region */
  region(name: string): RegionStack {
    const found = this.regions.find(({ region }) => region === name);
    if (!found) throw new Error(`There is no Region ${name}; write one of ${this.config.regions.join(', ')}.`);
    return found;
  }

  /** Lets a role or a function of any stack call the API of every Region. */
  grantInvokeApi(grantee: IGrantable): void {
    this.regions[0]?.api.grantInvokeEverywhere(grantee);
  }
}

/**
 * The file that `meridian deploy` writes, in the project of the working directory. If the app runs outside of a
 * project, as at the root of a monorepo, the file is in the project of its domain.
 */
function regionsFile(domain: string): string {
  const project = findProject(process.cwd()) ?? findProject(dirname(domain));
  return join(project?.folder ?? process.cwd(), REGIONS_FILE);
}

/**
 * Checks a team's subscribers and functions, and keeps the permissions that the app adds. @throws DefinitionError with every
 * fault
 */
export function ownOf(
  given: { readonly [Key in 'subscribers' | 'functions']?: MeridianProps[Key] | undefined },
  deployment: Parameters<typeof parseOwnFunctions>[1],
): Own {
  const { subscribers, functions } = parseOwnFunctions(given, deployment, ['grant']);
  const grantOf = (props: Granting | undefined): Granting => ({ ...(props?.grant && { grant: props.grant }) });
  return {
    subscribers: subscribers.map((each) => ({ ...each, ...grantOf(given.subscribers?.[each.name]) })),
    functions: functions.map((each) => ({ ...each, ...grantOf(given.functions?.[each.name]) })),
  };
}

/** The input of the stacks. */
export interface StacksProps {
  /** The deployment. */
  readonly config: Config;
  /** The stream types that at least one view is computed from. */
  readonly projectedTypes: readonly string[];
  /** The domain's events as EventBridge delivers them, JSON Schema draft 4 by name. */
  readonly eventSchemas: Readonly<Record<string, object>>;
  /** The team's subscribers and functions. */
  readonly own: Own;
  /** The deployed Regions; undefined before the first deploy. */
  readonly deployed: Deployed | undefined;
}

/** The stacks of a deployment. */
export interface MeridianStacks {
  /** In the primary Region. */
  readonly global: GlobalStack;
  /** One per Region, in the order of the configuration. */
  readonly regions: readonly RegionStack[];
  /** One per Region, in the same order. */
  readonly forwarding: readonly ForwardingStack[];
}

/** @throws ConfigError for keys whose ARNs are of another partition than their Regions */
function refuseForeignKeys({ encryptionKeys }: Config): void {
  const foreign = Object.entries(encryptionKeys).filter(
    ([region, arn]) => !arn.startsWith(`arn:${partitionOf(region)}:`),
  );
  if (foreign.length > 0)
    throw new ConfigError(
      foreign.map(
        ([region, arn]) =>
          `"encryptionKeys": ${arn} is in another partition than ${region}: write arn:${partitionOf(region)}:…`,
      ),
    );
}

/** Adds a deployment's stacks to an app, with its tags and checks. @throws ConfigError for Regions that do not exist, or of several partitions */
export function addMeridian(
  app: App,
  { config, projectedTypes, eventSchemas, own, deployed }: StacksProps,
): MeridianStacks {
  const faults = regionFaults(
    config.regions,
    RegionInfo.regions.map(({ name }) => name),
  );
  if (faults.length > 0)
    throw new ConfigError(
      faults.map(
        (fault) => `"regions": ${fault}. Write existing Regions of one partition; if one is new, update aws-cdk-lib`,
      ),
    );
  refuseForeignKeys(config);
  const names = namesOf(config.name);
  const env = (region: string | undefined) => ({
    ...(config.account !== undefined && { account: config.account }),
    ...(region !== undefined && { region }),
  });
  const global = new GlobalStack(app, names.globalStack, {
    env: env(config.regions[0]),
    description: 'Meridian: what spans Regions',
    config,
    subscribers: own.subscribers,
  });
  const regions = config.regions.map((region) => {
    const stack = new RegionStack(app, names.regionStack(region), {
      env: env(region),
      description: `Meridian: all that ${region} needs to work on its own`,
      config,
      region,
      projectedTypes,
      eventSchemas,
      own,
    });
    // The stack reads the stream of a replica that the global stack creates.
    stack.addStackDependency(global);
    return stack;
  });
  const forwarding = config.regions.map((region) => {
    const stack = new ForwardingStack(app, names.forwardingStack(region), {
      env: env(region),
      description: `Meridian: forwards the events of ${region} to the other Regions`,
      config,
      region,
    });
    // EventBridge may refuse a rule whose target does not exist: every bus comes first.
    for (const receiving of regions) stack.addStackDependency(receiving);
    return stack;
  });
  for (const warning of serviceWarnings(config.regions))
    Annotations.of(global).addWarningV2('meridian:missing-service', warning);
  // The stacks are tagged rather than the app, which may have another deployment.
  for (const stack of [global, ...regions, ...forwarding]) Tags.of(stack).add('meridian', config.name);
  for (const stack of [...regions, ...forwarding]) Tags.of(stack).add(REGION_TAG, stack.region);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new MeridianChecks({ config, deployed }));
  return { global, regions, forwarding };
}
