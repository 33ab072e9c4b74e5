import * as z from 'zod';
import { parseJson } from '../core/facts/json.ts';
import { DECISIONS, type EnvironmentVariable, SUBSCRIBE_FROM } from '../core/names.ts';

/** The format of each environment variable. */
const variables = {
  AWS_REGION: z.string().min(1),
  /** The prefix of all names. It is also the metrics' namespace, and the service in the logs. */
  MERIDIAN_NAME: z.string().min(1),
  /** The version of Meridian that deployed the function. */
  MERIDIAN_VERSION: z.string().min(1),
  /** All Regions, comma-separated. */
  MERIDIAN_REGIONS: z
    .string()
    .min(1)
    .transform((list) => list.split(',')),
  /** The log that this Region writes to. */
  MERIDIAN_LOG: z.string().min(1),
  /** The logs that the Regions write to, comma-separated. */
  MERIDIAN_LOGS: z.string().min(1),
  EVENTS_TABLE: z.string().min(1),
  /** The table of the `strong` streams; only if the domain has a type in that mode. */
  STRONG_EVENTS_TABLE: z.string().min(1),
  VIEWS_TABLE: z.string().min(1),
  SNAPSHOTS_TABLE: z.string().min(1),
  TRANSACTIONS_TABLE: z.string().min(1),
  CONFLICTS_TABLE: z.string().min(1),
  /** Where home streams are written. */
  PLACEMENT_TABLE: z.string().min(1),
  /** `strong`: every Region sees a decision at once (MRSC); `eventual`: replicas catch up (MREC). */
  DECISIONS: z.enum(DECISIONS),
  BUS_NAME: z.string().min(1),
  PROJECTION_QUEUE_URL: z.url(),
  INGEST_QUEUE_URL: z.url(),
  QUARANTINE_QUEUE_URL: z.url(),
  RESOLVER_QUEUE_URL: z.url(),
  /** Name of the `command` function, the same in every Region. */
  COMMAND_FUNCTION: z.string().min(1),
  /** Name of the `participant` function, the same in every Region. */
  PARTICIPANT_FUNCTION: z.string().min(1),
  /** Name of the `turn` function, the same in every Region. */
  TURN_FUNCTION: z.string().min(1),
  /** The state machine that drives the transactions of this Region. */
  TRANSACTION_MACHINE_ARN: z.string().min(1),
  /** Name of the `api` function, the same in every Region, and its URL in this one. */
  API_FUNCTION: z.string().min(1),
  MERIDIAN_API_URL: z.url(),
  /** The API's addresses by Region, as JSON. If set, no address is looked up. */
  MERIDIAN_ENDPOINTS: z.string().transform(parseJson).pipe(z.record(z.string(), z.url())),
  /** A subscriber's name, its own table, and where it starts in a log of which it has handled no event yet. */
  SUBSCRIBER: z.string().min(1),
  SUBSCRIBER_TABLE: z.string().min(1),
  SUBSCRIBER_QUEUE_URL: z.url(),
  /** The Region that a subscriber is named to. */
  SUBSCRIBER_HOME: z.string().min(1),
  SUBSCRIBE_FROM: z.enum(SUBSCRIBE_FROM),
} satisfies Readonly<Record<EnvironmentVariable, z.ZodType>>;

const environmentSchema = z.object(variables).partial();

type Environment = { readonly [Name in keyof typeof variables]: z.output<(typeof variables)[Name]> };

/**
 * Parses the variables of a function, once, at cold start.
 * @throws Error with the names of all missing or malformed variables
 */
export function parseEnvironment<Name extends keyof Environment>(
  names: readonly Name[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Pick<Environment, Name> {
  const needed = Object.fromEntries(names.map((name) => [name, env[name]]));
  const { data = {}, error } = environmentSchema.safeParse(needed);
  if (hasAll(data, names)) return data;
  const missing = names.filter((name) => env[name] === undefined).map((name) => `${name}: is missing`);
  const malformed = error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  throw new Error(`Environment: ${[...missing, ...malformed].join('; ')}`);
}

function hasAll<Name extends keyof Environment>(
  env: z.output<typeof environmentSchema>,
  names: readonly Name[],
): env is Pick<Environment, Name> {
  return names.every((name) => env[name] !== undefined);
}
