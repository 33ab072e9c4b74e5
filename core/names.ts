import { FUNCTIONS, type FunctionId, type QueueConsumerId } from './limits/functions.ts';

/** The prefix of a deployment that has no name of its own. */
export const DEFAULT_PREFIX = 'meridian';

/** Tags for the bill, beside `meridian`, the deployment: in which Region, and what for. */
export const REGION_TAG = 'meridian:region';
export const COMPONENT_TAG = 'meridian:component';

/** The partition of the views table in which a Region notes what it has seen of each; no view has such a name. */
export const SEEN_PARTITION = 'meridian#seen';

declare const own: unique symbol;

/** The name of a subscriber or a function of a team's own: see {@link isOwnName}. */
export type OwnName = string & { readonly [own]: true };

/** So long the name of a team's own function may be: a role's name, which also has a prefix of 24 and a Region of 14 characters, ends at 64. */
const OWN_NAME_LENGTH = 24;

/** What a name of a team's own must not be, since what Meridian deploys itself is called so, or may be called so one day. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(FUNCTIONS).filter((id) => id !== 'subscriber'),
  ...['alarms', 'events', 'fast-path', 'forward', 'global', 'quarantine', 'snapshots', 'transactions', 'views'],
]);
const RESERVED_FORM = /^(forward|machine|relay|table)-|-dead-letter$/;

/** What {@link isOwnName} takes. */
export const OWN_NAME_FORM = `1 to ${OWN_NAME_LENGTH} lower-case letters, digits and single hyphens, a letter first and no hyphen last, none that Meridian uses itself, for example "mailer"`;

/** Whether a function of a team's own may be called so: its queue, rule, table, role and alarms are named after it. */
export function isOwnName(name: string): name is OwnName {
  return (
    name.length <= OWN_NAME_LENGTH &&
    /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) &&
    !RESERVED_NAMES.has(name) &&
    !RESERVED_FORM.test(name)
  );
}

/** The queues of a Region, by the last part of their name. */
export type QueueId = QueueConsumerId | 'quarantine' | `${QueueConsumerId | 'forwarding'}-dead-letter`;

/** The rules of a Region's bus, by the last part of their name. */
export type RuleId = QueueConsumerId | OwnName | 'fast-path' | `forward-${string}`;

/** Every environment variable that a function may read: the stacks set them, lambdas/environment.ts parses them. */
export type EnvironmentVariable =
  | 'AWS_REGION'
  | 'MERIDIAN_NAME'
  | 'MERIDIAN_REGIONS'
  | 'MERIDIAN_LOG'
  | 'EVENTS_TABLE'
  | 'VIEWS_TABLE'
  | 'SNAPSHOTS_TABLE'
  | 'TRANSACTIONS_TABLE'
  | 'DECISIONS'
  | 'BUS_NAME'
  | 'PROJECTION_QUEUE_URL'
  | 'INGEST_QUEUE_URL'
  | 'QUARANTINE_QUEUE_URL'
  | 'RESOLVER_QUEUE_URL'
  | 'COMMAND_FUNCTION'
  | 'PARTICIPANT_FUNCTION'
  | 'TRANSACTION_MACHINE_ARN'
  | 'API_FUNCTION'
  | 'MERIDIAN_API_URL'
  | 'MERIDIAN_ENDPOINTS'
  | 'SUBSCRIBER'
  | 'SUBSCRIBER_TABLE'
  | 'SUBSCRIBE_FROM';

/** What a function is told. */
export type Environment = { readonly [Name in EnvironmentVariable]?: string };

/**
 * Every name that a stack of one Region must know of another, and whoever calls what is deployed: they are made from the
 * prefix, so no stack needs a reference into another Region.
 */
export function namesOf(prefix: string) {
  return {
    globalStack: `${prefix}-global`,
    regionStack: (region: string) => `${prefix}-${region}`,
    eventsTable: `${prefix}-events`,
    transactionsTable: `${prefix}-transactions`,
    viewsTable: `${prefix}-views`,
    snapshotsTable: `${prefix}-snapshots`,
    subscriberTable: (id: OwnName) => `${prefix}-${id}`,
    bus: prefix,
    schemaRegistry: prefix,
    rule: (id: RuleId) => `${prefix}-${id}`,
    queue: (id: QueueId | OwnName) => `${prefix}-${id}`,
    deadLetterQueue: (id: QueueConsumerId | OwnName) => `${prefix}-${id}-dead-letter`,
    function: (id: FunctionId | OwnName) => `${prefix}-${id}`,
    transactionMachine: `${prefix}-transactions`,
    alarm: (alarm: string) => `${prefix}-${alarm}`,
    alarmTopic: `${prefix}-alarms`,
    archive: `${prefix}-events`,
    /** Dashboards are global too. */
    dashboard: (region: string) => `${prefix}-${region}`,
    /** IAM is global, so a role's name carries its Region. */
    role: (region: string, id: FunctionId | OwnName | 'forward' | 'transactions') => `${prefix}-${region}-${id}`,
  };
}

/** The attributes that every table has, and how DynamoDB learns when an item may go. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';
export const EXPIRES = 'expires';

/** Where decisions are: seen by every Region at once (multi-Region strong consistency), or in replicas that catch up. */
export const DECISIONS = ['strong', 'eventual'] as const;
export type DecisionsKind = (typeof DECISIONS)[number];

/** Where a log begins for a subscriber that has handled nothing of it: core/delivery/subscriber.ts says what each means. */
export const SUBSCRIBE_FROM = ['beginning', 'first-seen'] as const;
export type SubscribeFrom = (typeof SUBSCRIBE_FROM)[number];
