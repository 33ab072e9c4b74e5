import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type Environment, namesOf } from '../../core/names.ts';
import type { OwnFunction as Definition } from '../../core/wire/subscription.ts';
import type { Config } from '../config.ts';
import type { Api } from './api.ts';
import type { Bus } from './bus.ts';
import { MeridianFunction } from './meridian-function.ts';

/** What an app adds to the definition of a team's function. */
export interface Granting {
  /**
   * Gives the function permissions of its own: called once for each Region that it runs in, with the function and that Region.
   * Without it, the function may write its log and its traces, and use what its definition needs. @default no further permissions
   */
  readonly grant?: (fn: IFunction, region: string) => void;
}

/** The resources of their Region that a team's functions may use. */
export interface OwnFunctionScope {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** This Region's bus. */
  readonly bus: Bus;
  /** This Region's API. */
  readonly api: Api;
}

/** Properties of OwnFunction. */
export interface OwnFunctionProps extends OwnFunctionScope {
  /** The function. */
  readonly own: Definition & Granting;
  /** The function's description in the console. */
  readonly description: string;
  /** Environment variables set by Meridian, in addition to those for the definition's `needs`. @default none */
  readonly tells?: Environment;
  /** Whether it sends messages to its own queue. @default false */
  readonly sendsToItself?: boolean;
}

/** A team's function, with access to what it needs of the deployment. */
export class OwnFunction extends Construct {
  readonly function: MeridianFunction;

  constructor(
    scope: Construct,
    id: string,
    { own, description, tells, sendsToItself = false, ...scoped }: OwnFunctionProps,
  ) {
    super(scope, id);
    const { config, region, bus, api } = scoped;
    const { name, entry, limits, environment, needs, grant } = own;
    this.function = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: name,
      limits,
      entry: fileOf(name, entry),
      description,
      ownEnvironment: environment,
      sendsToItself,
      environment: {
        ...tells,
        ...(needs.includes('bus') && { BUS_NAME: bus.bus.eventBusName }),
        ...(needs.includes('api') && {
          MERIDIAN_REGIONS: config.regions.join(),
          MERIDIAN_API_URL: api.url,
          API_FUNCTION: namesOf(config.name).function('api'),
        }),
      },
    });
    if (needs.includes('bus')) bus.grantPublish(this.function.role);
    if (needs.includes('api')) {
      api.grantInvokeEverywhere(this.function.role);
      api.grantFindElsewhere(this.function.role);
    }
    grant?.(this.function.function, region);
  }
}

/** @throws Error if there is no such file: the bundler's error names neither the function nor what to write */
function fileOf(name: string, entry: string): string {
  const file = entry.startsWith('file:') ? fileURLToPath(entry) : entry;
  if (existsSync(file)) return file;
  throw new Error(
    `${file}: There is no such file. It is the entry of ${name}: create it, with an export \`handler\`, or change \`entry\` where ${name} is defined.`,
  );
}
