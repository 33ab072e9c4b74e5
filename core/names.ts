import { FUNCTIONS, type FunctionId, type QueueConsumerId } from './limits/functions.ts';

/** Default name prefix of a deployment. */
export const DEFAULT_PREFIX = 'meridian';

/** Cost allocation tags, in addition to `meridian`, the deployment: the Region and the purpose. */
export const REGION_TAG = 'meridian:region';
export const COMPONENT_TAG = 'meridian:component';

/** The partition of the views table that stores the newest stamp seen from each Region; no view can have this name. */
export const SEEN_PARTITION = 'meridian#seen';

/** The form of the name of an AWS Region: us-east-1, us-gov-west-1, eusc-de-east-1. */
export const REGION_FORM = /^[a-z]{2,4}(-[a-z]+){1,2}-\d{1,2}$/;

/** The number of Regions of a deployment. */
export const REGION_COUNT = { least: 2, most: 5 } as const;

/** What is wrong with a list of Regions; undefined if it can be used. */
export function regionsFault(regions: readonly string[]): string | undefined {
  const { least, most } = REGION_COUNT;
  const wrong = regions.find((name) => !REGION_FORM.test(name));
  if (wrong !== undefined) return `${JSON.stringify(wrong)} is not the name of an AWS Region.`;
  const twice = regions.find((name, i) => regions.indexOf(name) < i);
  if (twice !== undefined) return `${twice} is listed twice.`;
  const count = regions.length;
  return count < least || count > most
    ? `The number of Regions is ${count}, but must be ${least} to ${most}.`
    : undefined;
}

declare const own: unique symbol;

/** The name of a subscriber or a function of a team's own: see {@link isOwnName}. */
export type OwnName = string & { readonly [own]: true };

/**
 * The form and the maximum length of names that a team chooses: the prefix of a deployment, and its own functions. A
 * role's name consists of the prefix, a Region of up to 14 characters and the function's name, and has at most 64
 * characters.
 */
export const NAME_FORM = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
export const NAME_LENGTH = 24;

/** Names that a team cannot use, because Meridian uses them for its own resources, or may do so later. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(FUNCTIONS).filter((id) => id !== 'subscriber'),
  ...[
    'alarms',
    'conflicts',
    'conflicts-count',
    'events',
    'fast-path',
    'forward',
    'forwarding',
    'global',
    'placement',
    'quarantine',
    'snapshots',
    'strong-events',
    'transactions',
    'views',
  ],
]);
const RESERVED_FORM = /^(forward|machine|relay|table)-|-dead-letter$/;

/** The form of the names that {@link isOwnName} accepts. */
export const OWN_NAME_FORM =
  `1 to ${NAME_LENGTH} lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen, ` +
  'such as "mailer", but no name that Meridian itself uses';

/** True if a team's own function may have this name, which its queue, rule, table, role and alarms then share. */
export function isOwnName(name: string): name is OwnName {
  return name.length <= NAME_LENGTH && NAME_FORM.test(name) && !RESERVED_NAMES.has(name) && !RESERVED_FORM.test(name);
}

/** The queues of a Region, by the last part of their name. */
export type QueueId = QueueConsumerId | 'quarantine' | `${QueueConsumerId | 'forwarding'}-dead-letter`;

/** The rules of a Region, by the last part of their name: those of its bus, and `conflicts-count`, a schedule. */
export type RuleId = QueueConsumerId | OwnName | 'fast-path' | 'conflicts-count' | `forward-${string}`;

/** Every environment variable of a function: set by the stacks, parsed by lambdas/environment.ts. */
export type EnvironmentVariable =
  | 'AWS_REGION'
  | 'MERIDIAN_NAME'
  | 'MERIDIAN_VERSION'
  | 'MERIDIAN_REGIONS'
  | 'MERIDIAN_LOG'
  | 'MERIDIAN_LOGS'
  | 'EVENTS_TABLE'
  | 'STRONG_EVENTS_TABLE'
  | 'VIEWS_TABLE'
  | 'SNAPSHOTS_TABLE'
  | 'TRANSACTIONS_TABLE'
  | 'CONFLICTS_TABLE'
  | 'PLACEMENT_TABLE'
  | 'DECISIONS'
  | 'BUS_NAME'
  | 'PROJECTION_QUEUE_URL'
  | 'INGEST_QUEUE_URL'
  | 'QUARANTINE_QUEUE_URL'
  | 'RESOLVER_QUEUE_URL'
  | 'COMMAND_FUNCTION'
  | 'PARTICIPANT_FUNCTION'
  | 'TURN_FUNCTION'
  | 'TRANSACTION_MACHINE_ARN'
  | 'API_FUNCTION'
  | 'MERIDIAN_API_URL'
  | 'MERIDIAN_ENDPOINTS'
  | 'SUBSCRIBER'
  | 'SUBSCRIBER_TABLE'
  | 'SUBSCRIBER_QUEUE_URL'
  | 'SUBSCRIBER_HOME'
  | 'SUBSCRIBE_FROM';

/** The environment of a function. */
export type Environment = { readonly [Name in EnvironmentVariable]?: string };

/**
 * Every name that stacks of other Regions and callers of a deployment need. All are derived from the prefix, so no
 * stack needs a reference into another Region.
 */
export function namesOf(prefix: string) {
  return {
    globalStack: `${prefix}-global`,
    regionStack: (region: string) => `${prefix}-${region}`,
    forwardingStack: (region: string) => `${prefix}-${region}-forwarding`,
    eventsTable: `${prefix}-events`,
    strongEventsTable: `${prefix}-strong-events`,
    transactionsTable: `${prefix}-transactions`,
    conflictsTable: `${prefix}-conflicts`,
    placementTable: `${prefix}-placement`,
    viewsTable: `${prefix}-views`,
    snapshotsTable: `${prefix}-snapshots`,
    subscriberTable: (id: OwnName) => `${prefix}-${id}`,
    bus: prefix,
    schemaRegistry: prefix,
    /** @param part of a pattern that is too long for one rule: 1, 2, 3 …; no name of a team's has a dot */
    rule: (id: RuleId, part = 1) => `${prefix}-${id}${part === 1 ? '' : `.${part}`}`,
    queue: (id: QueueId | OwnName) => `${prefix}-${id}`,
    deadLetterQueue: (id: QueueConsumerId | OwnName) => `${prefix}-${id}-dead-letter`,
    function: (id: FunctionId | OwnName) => `${prefix}-${id}`,
    transactionMachine: `${prefix}-transactions`,
    alarm: (alarm: string) => `${prefix}-${alarm}`,
    alarmTopic: `${prefix}-alarms`,
    archive: `${prefix}-events`,
    /** Dashboards are global, so their names contain the Region. */
    dashboard: (region: string) => `${prefix}-${region}`,
    /** IAM is global, so a role's name contains its Region. */
    role: (region: string, id: FunctionId | OwnName | 'forward' | 'transactions') => `${prefix}-${region}-${id}`,
  };
}

/**
 * The form of everything that is stored and sent between Regions: test/compat/<form>/ has its samples. The first change
 * of a form after a release raises this value, and adds a folder of samples. Versions of the package with the same
 * value read and write the same forms.
 */
export const STORED_FORM = '0.1';

/** The key attributes of every table, and its time-to-live attribute. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';
export const EXPIRES = 'expires';

/** The index of the `conflicts` table that lists entries by time, and its key attributes. */
export const LISTED_INDEX = 'listed';
export const LISTED_BUCKET = 'bucket';
export const LISTED_KEY = 'listed';

/**
 * How decisions are replicated: `strong` (multi-Region strong consistency: every Region sees them at once) or
 * `eventual`.
 */
export const DECISIONS = ['strong', 'eventual'] as const;
export type DecisionsKind = (typeof DECISIONS)[number];

/** Where a subscriber starts in a log of which it has handled no event: see `SubscriberDefinition`. */
export const SUBSCRIBE_FROM = ['beginning', 'first-seen'] as const;
export type SubscribeFrom = (typeof SUBSCRIBE_FROM)[number];
