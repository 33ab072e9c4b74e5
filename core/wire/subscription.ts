import { type Members, memberFaults } from '../definition/members.ts';
import { LAMBDA_MAX_MB, LAMBDA_MAX_S, LAMBDA_MIN_MB, SQS_MAX_BATCH_WITHOUT_WINDOW } from '../limits/aws.ts';
import {
  FUNCTIONS,
  type FunctionLimits,
  OWN_FUNCTION,
  type QueueLimits,
  subscriberLimits,
} from '../limits/functions.ts';
import { isOwnName, OWN_NAME_FORM, type OwnName, type SubscribeFrom } from '../names.ts';
import { ANNOUNCEMENT_SOURCE } from './announcement.ts';
import { type EventPattern, SOURCE_PREFIX } from './bus.ts';

/**
 * The parts of a deployment that a team's function may use: `bus`, to put events on its Region's bus, and `api`, to
 * call the API of every Region.
 */
export type Need = 'bus' | 'api';

/** The definition of a team's function. */
export interface OwnFunctionDefinition {
  /** The file that exports `handler`: a URL, as `import.meta.resolve('./mailer.ts')` gives it, or an absolute path. */
  readonly entry: string;
  /** The only Region that it runs in. @default every Region */
  readonly runsIn?: string;
  /** Its environment variables, in addition to those that Meridian sets. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** The timeout of an invocation in seconds: 1 to 900; for a subscriber 60 to 900. @default 60 */
  readonly timeoutSeconds?: number;
  /**
   * Memory in MB, 128 to 10240, and with it the share of a processor: 1769 MB correspond to one processor.
   * @default 1024
   */
  readonly memoryMb?: number;
  /**
   * The parts of the deployment that it uses. `bus`: it may put events on its Region's bus, whose name is in BUS_NAME.
   * `api`: it may call the API of every Region; `clientOptions(environment)` returns the options of a client, in a
   * world too.
   * @default nothing
   */
  readonly needs?: readonly Need[];
}

/** Where a subscriber runs, other than in one Region: see {@link SubscriberDefinition.runsIn}. */
const EVERYWHERE = 'everywhere';
const WHERE_WRITTEN = 'where-written';

/** A subscriber: which events and outcomes it gets, where it runs, and what it keeps. */
export interface SubscriberDefinition extends OwnFunctionDefinition {
  /**
   * Where an event is handled. `everywhere`: in every Region, by each once. `where-written`: once, in the Region that wrote it, an
   * outcome in the Region that drove the transaction; not for `strong` streams. The name of a Region: once, in the Region that
   * writes the `home` streams of that Region now, so that the subscriber moves with `meridian failover`; it needs a table.
   * @default everywhere
   */
  readonly runsIn?: 'everywhere' | 'where-written' | (string & {});
  /**
   * The stream types whose events it gets. They cannot be narrowed to some event types: an event's predecessor in its log must
   * arrive as well, so `handle` ignores events that it does not need.
   * @default none
   */
  readonly streamTypes?: readonly string[];
  /**
   * Whether it gets the outcomes of transactions: TransactionCommitted and TransactionAborted.
   * @default false
   */
  readonly outcomes?: boolean;
  /**
   * The Regions whose events it gets. `here` with `runsIn: 'everywhere'` means the same as `runsIn: 'where-written'`; with a Region, the
   * events that were written in that Region.
   * It cannot be chosen for `strong` streams: `runsIn` has their events handled in one Region.
   * @default every Region's
   */
  readonly writtenIn?: 'here' | readonly string[];
  /**
   * Where to start in a log of which no event was handled yet. `beginning`: at its first event; an event whose
   * predecessors were published before the subscriber existed waits until they are republished. `first-seen`: at the
   * earliest event that arrives within five minutes.
   * @default beginning
   */
  readonly from?: SubscribeFrom;
  /**
   * `own`: a table per Region in which it records its progress, so that each event is handled once and in the order of its log, and in
   * which it can keep sums. `none`: each event is handled at least once, in any order.
   * @default own
   */
  readonly table?: 'own' | 'none';
  /**
   * The maximum number of messages per invocation, 1 to 10. Use 1 for a slow side effect.
   * @default 10
   */
  readonly batchSize?: number;
}

const FUNCTION_MEMBERS: Members<OwnFunctionDefinition> = {
  entry: 'required',
  runsIn: 'optional',
  environment: 'optional',
  timeoutSeconds: 'optional',
  memoryMb: 'optional',
  needs: 'optional',
};

const SUBSCRIBER_MEMBERS: Members<SubscriberDefinition> = {
  ...FUNCTION_MEMBERS,
  streamTypes: 'optional',
  outcomes: 'optional',
  writtenIn: 'optional',
  from: 'optional',
  table: 'optional',
  batchSize: 'optional',
};

/** A team's function, checked and complete. */
export interface OwnFunction {
  readonly name: OwnName;
  readonly entry: string;
  /** The Regions that it runs in. */
  readonly regions: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly needs: readonly Need[];
  readonly limits: FunctionLimits;
}

/** A subscriber, checked and complete. */
export interface Subscription extends OwnFunction {
  readonly limits: FunctionLimits & { readonly queue: QueueLimits };
  readonly from: SubscribeFrom;
  readonly hasTable: boolean;
  /** The Region that `runsIn` names: the Region that acts for it is active. Undefined: it is active in all of `regions`. */
  readonly home: string | undefined;
  /** A description of what the subscriber receives. */
  readonly what: string;
  /** The event pattern of its rule in a Region. */
  readonly patternIn: (region: string) => EventPattern;
}

/** The deployment that a definition is checked against. */
export interface Deployment {
  readonly regions: readonly string[];
  /** The domain's stream types. */
  readonly streamTypes: readonly string[];
  /** Those in mode `strong`. @default none */
  readonly strongTypes?: readonly string[];
}

/** The error for definitions that cannot be deployed. Each fault says what was found, and what to write. */
export class DefinitionError extends Error {
  readonly code = 'invalid-definition';
  readonly retryable = false;

  constructor(faults: readonly string[]) {
    super(`Subscribers or functions cannot be used:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.name = 'DefinitionError';
  }
}

/**
 * Names of environment variables that Lambda accepts. They cannot start with `_`, except for Lambda's own.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
const VARIABLE = /^[a-zA-Z][a-zA-Z0-9_]+$/;

/** Names of environment variables that Lambda or Meridian sets. */
const TAKEN_VARIABLE =
  /^(AWS_.*|LAMBDA_.*|MERIDIAN_.*|NODE_OPTIONS|BUS_NAME|API_FUNCTION|SUBSCRIBER|SUBSCRIBER_TABLE|SUBSCRIBER_QUEUE_URL|SUBSCRIBER_HOME|SUBSCRIBE_FROM|PLACEMENT_TABLE)$/;

/**
 * Checks the definitions of a team's subscribers and functions, and completes them.
 * @param added the names of members that the caller adds to the definitions
 * @throws DefinitionError with every fault
 */
export function parseOwnFunctions(
  {
    subscribers = {},
    functions = {},
  }: {
    readonly subscribers?: Readonly<Record<string, SubscriberDefinition>> | undefined;
    readonly functions?: Readonly<Record<string, OwnFunctionDefinition>> | undefined;
  },
  deployment: Deployment,
  added: readonly string[] = [],
): { readonly subscribers: readonly Subscription[]; readonly functions: readonly OwnFunction[] } {
  const more = Object.fromEntries(added.map((name) => [name, 'optional' as const]));
  const faults = [
    ...Object.entries(subscribers).flatMap(([name, definition]) =>
      [
        ...memberFaults(definition, { ...SUBSCRIBER_MEMBERS, ...more }),
        ...subscriberFaults(definition, deployment),
      ].map((fault) => `subscriber ${name}: ${fault}`),
    ),
    ...Object.entries(functions).flatMap(([name, definition]) =>
      [
        ...memberFaults(definition, { ...FUNCTION_MEMBERS, ...more }),
        ...(definition.runsIn === undefined ? [] : regionFaults('runsIn', definition.runsIn, deployment)),
        ...functionFaults(definition, 1),
      ].map((fault) => `function ${name}: ${fault}`),
    ),
    ...Object.keys(subscribers)
      .filter((name) => Object.hasOwn(functions, name))
      .map((name) => `${name}: a subscriber and a function have the same name; rename one of them`),
    ...[...Object.keys(subscribers), ...Object.keys(functions)]
      .filter((name) => !isOwnName(name))
      .map((name) => `the name ${JSON.stringify(name)} cannot be used; write ${OWN_NAME_FORM}`),
  ];
  const [ownSubscribers, ownFunctions] = [named(subscribers), named(functions)];
  if (faults.length > 0) throw new DefinitionError(faults);
  return {
    subscribers: ownSubscribers.map(({ name, definition }) => subscriptionOf(name, definition, deployment)),
    functions: ownFunctions.map(({ name, definition }) => ({
      ...ownFunctionOf(name, definition, deployment),
      limits: {
        timeoutS: definition.timeoutSeconds ?? OWN_FUNCTION.timeoutS,
        memoryMb: definition.memoryMb ?? OWN_FUNCTION.memoryMb,
      },
    })),
  };
}

/** The definitions whose names can be used. */
function named<Definition>(of: Readonly<Record<string, Definition>>) {
  return Object.entries(of).flatMap(([name, definition]) => (isOwnName(name) ? [{ name, definition }] : []));
}

function ownFunctionOf(name: OwnName, definition: OwnFunctionDefinition, of: Deployment) {
  const { entry, runsIn, environment = {}, needs = [] } = definition;
  return { name, entry, environment, needs, regions: runsIn === undefined ? of.regions : [runsIn] };
}

/** The Region that `runsIn` of a subscriber names. */
function homeOf({ runsIn = EVERYWHERE }: SubscriberDefinition): string | undefined {
  return runsIn === EVERYWHERE || runsIn === WHERE_WRITTEN ? undefined : runsIn;
}

function subscriptionOf(name: OwnName, definition: SubscriberDefinition, deployment: Deployment): Subscription {
  const { streamTypes = [], outcomes = false, from = 'beginning', table = 'own' } = definition;
  const home = homeOf(definition);
  const writtenIn = definition.runsIn === WHERE_WRITTEN ? 'here' : definition.writtenIn;
  const { timeoutSeconds: timeoutS, memoryMb, batchSize } = definition;
  const events = streamTypes.length > 0 ? [`events of ${streamTypes.join(', ')}`] : [];
  return {
    ...ownFunctionOf(name, definition, deployment),
    regions: deployment.regions,
    limits: subscriberLimits({ timeoutS, memoryMb, batchSize }),
    from,
    home,
    hasTable: table === 'own',
    what: [...events, ...(outcomes ? ['outcomes of transactions'] : [])].join(' and '),
    patternIn: (region) =>
      subscriptionPattern(streamTypes, writtenIn === 'here' ? [home ?? region] : writtenIn, outcomes),
  };
}

/**
 * The pattern of the events that a subscriber's queue gets: all events of these stream types, written in any Region or
 * only in `regions`. It never selects by event type, so that each event's predecessor arrives too.
 * @param outcomes whether the queue also gets the outcomes of transactions that these Regions drive
 */
export function subscriptionPattern(
  streamTypes: readonly string[],
  regions?: readonly string[],
  outcomes = false,
): EventPattern {
  return {
    source: [...streamTypes.map((type) => SOURCE_PREFIX + type), ...(outcomes ? [ANNOUNCEMENT_SOURCE] : [])],
    ...(regions && { detail: { meta: { region: regions } } }),
  };
}

function subscriberFaults(definition: SubscriberDefinition, deployment: Deployment): readonly string[] {
  const { outcomes = false, writtenIn, from, table, batchSize, runsIn } = definition;
  const { faults, list: streamTypes } = listOf('streamTypes', definition.streamTypes);
  const known = deployment.streamTypes;
  return [
    ...functionFaults(definition, FUNCTIONS.subscriber.timeoutS),
    ...runsInFaults(definition, deployment),
    ...faults,
    ...streamTypes
      .filter((type) => !known.includes(type))
      .map((type) => `streamTypes: there is no stream type ${JSON.stringify(type)}; choose from ${known.join(', ')}`),
    ...duplicates('streamTypes', streamTypes),
    ...(streamTypes.length === 0 && faults.length === 0 && !outcomes
      ? ['it would receive nothing; write streamTypes: [...] or outcomes: true']
      : []),
    ...(writtenIn === undefined || writtenIn === 'here' ? [] : writtenInFaults(writtenIn, deployment)),
    ...(runsIn === WHERE_WRITTEN
      ? strongFaults('runsIn', streamTypes, deployment)
      : writtenIn === undefined
        ? []
        : strongFaults('writtenIn', streamTypes, deployment)),
    ...oneOf('from', from, ['beginning', 'first-seen']),
    ...oneOf('table', table, ['own', 'none']),
    ...(from === 'first-seen' && table === 'none'
      ? ['from: a subscriber without a table has no order; leave it out']
      : []),
    ...wholeNumber('batchSize', batchSize, 1, SQS_MAX_BATCH_WITHOUT_WINDOW),
  ];
}

/** All Regions write one log, so an event follows one that another Region wrote. */
function strongFaults(
  where: string,
  streamTypes: readonly string[],
  { strongTypes = [] }: Deployment,
): readonly string[] {
  return streamTypes
    .filter((type) => strongTypes.includes(type))
    .map(
      (type) =>
        `${where}: every Region writes the one log of a strong stream (${type}); write runsIn with the name of one Region`,
    );
}

function runsInFaults(definition: SubscriberDefinition, deployment: Deployment): readonly string[] {
  const { runsIn, writtenIn, table } = definition;
  if (runsIn === WHERE_WRITTEN)
    return writtenIn === undefined
      ? []
      : [`writtenIn: with runsIn: '${WHERE_WRITTEN}' there is nothing to choose; leave it out`];
  const home = homeOf(definition);
  if (home === undefined) return [];
  if (!deployment.regions.includes(home))
    return [
      `runsIn: ${JSON.stringify(home)} is not a Region of the deployment; write '${EVERYWHERE}', '${WHERE_WRITTEN}' or one of ${deployment.regions.join(', ')}`,
    ];
  return table === 'none'
    ? [
        `table: without a table the other Regions cannot see what was handled in ${home}, so they could not go on after it; leave it out, or write runsIn: '${EVERYWHERE}' or '${WHERE_WRITTEN}'`,
      ]
    : [];
}

function writtenInFaults(writtenIn: readonly string[], deployment: Deployment): readonly string[] {
  if (!Array.isArray(writtenIn))
    return [`writtenIn: found ${JSON.stringify(writtenIn)}; write 'here' or a list of Regions`];
  if (writtenIn.length === 0) return ['writtenIn: the list is empty; leave it out for all Regions'];
  return [
    ...writtenIn.flatMap((region) => regionFaults('writtenIn', region, deployment)),
    ...duplicates('writtenIn', writtenIn),
  ];
}

/** A member that must be a list. The types are not checked when a definition is loaded, and a text is like a list. */
function listOf<Item>(where: string, list: readonly Item[] = []) {
  if (Array.isArray(list)) return { faults: [], list };
  return { faults: [`${where}: found ${JSON.stringify(list)}; write a list`], list: [] };
}

function functionFaults(definition: OwnFunctionDefinition, leastS: number): readonly string[] {
  const { entry, environment = {}, timeoutSeconds, memoryMb } = definition;
  const needs = listOf('needs', definition.needs);
  return [
    ...(entry === undefined || /^(file:|\/|[A-Za-z]:[\\/])/.test(entry)
      ? []
      : [
          `entry: ${JSON.stringify(entry)} is neither a URL nor an absolute path; write import.meta.resolve('./mailer.ts')`,
        ]),
    ...needs.faults,
    ...needs.list.flatMap((need) => oneOf('needs', need, ['bus', 'api'])),
    ...wholeNumber('timeoutSeconds', timeoutSeconds, leastS, LAMBDA_MAX_S),
    ...wholeNumber('memoryMb', memoryMb, LAMBDA_MIN_MB, LAMBDA_MAX_MB),
    ...Object.keys(environment)
      .filter((variable) => !VARIABLE.test(variable))
      .map(
        (variable) =>
          `environment: Lambda does not accept the name ${JSON.stringify(variable)}; write a letter, then at least one letter, digit or underscore`,
      ),
    ...Object.keys(environment)
      .filter((variable) => TAKEN_VARIABLE.test(variable))
      .map((variable) => `environment: ${variable} is set by Lambda or Meridian; write another name`),
  ];
}

function regionFaults(where: string, region: string, { regions }: Deployment): readonly string[] {
  if (regions.includes(region)) return [];
  return [`${where}: ${JSON.stringify(region)} is not a Region of the deployment; write one of ${regions.join(', ')}`];
}

function duplicates(where: string, values: readonly string[]): readonly string[] {
  const repeated = new Set(values.filter((value, i) => values.indexOf(value) < i));
  return [...repeated].map((value) => `${where}: ${JSON.stringify(value)} occurs more than once; write it once`);
}

function oneOf(where: string, value: string | undefined, values: readonly string[]): readonly string[] {
  if (value === undefined || values.includes(value)) return [];
  return [`${where}: found ${JSON.stringify(value)}; write ${values.join(' or ')}`];
}

function wholeNumber(where: string, value: number | undefined, min: number, max: number): readonly string[] {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return [];
  return [`${where}: found ${JSON.stringify(value)}; write a whole number from ${min} to ${max}`];
}
