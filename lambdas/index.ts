/** What a team's subscribers and functions import. */

import { addToSums } from '../adapters/dynamodb/add-to-sums.ts';
import { dynamoDbClient } from '../adapters/dynamodb/client.ts';
import { dynamoDbPlacement } from '../adapters/dynamodb/placement.ts';
import { dynamoDbProgress } from '../adapters/dynamodb/progress.ts';
import { defaultCredentials, findFunctionUrl } from '../adapters/lambda/function-url.ts';
import { nodeRuntime } from '../adapters/node/runtime.ts';
import { sqsClient } from '../adapters/sqs/client.ts';
import { sqsDelayedQueue } from '../adapters/sqs/delayed-queue.ts';
import { MeridianError, messageOf } from '../core/facts/errors.ts';
import type { Runtime } from '../core/index.ts';
import { CLIENT_AVOID_MS, ENDPOINT_LOOKUP_MS, OWN_QUEUE_MS, SUBSCRIBER_PLACEMENT_MS } from '../core/limits/budgets.ts';
import { KnownPlacement } from '../core/placement/known-placement.ts';
import {
  clientOptionsIn,
  type FunctionClientOptions,
  type FunctionEnvironment,
  sharedOptions,
} from './client-options.ts';
import { parseEnvironment } from './environment.ts';
import { powertools } from './powertools.ts';
import {
  type SubscriberFunctions,
  type SubscriberHandler,
  type SubscriberPorts,
  subscriberOn,
  TALLY_PARTITION,
  tallyPartition,
  withFunctions,
} from './subscription.ts';

export type { Addition } from '../core/delivery/additions.ts';
export type { AnnouncedOutcome } from '../core/wire/announcement.ts';
export type { SubscribedEvent } from '../core/wire/bus-event.ts';
export type { OwnFunctionDefinition, SubscriberDefinition } from '../core/wire/subscription.ts';
export type { FunctionClientOptions } from './client-options.ts';
export type { HandleContext, Handling, SubscriberFunctions, SubscriberHandler } from './subscription.ts';

/**
 * Makes the `handler` that a subscriber's file exports: `export const handler = subscriber({ handle: async (event, {
 * key }) => … })`. docs/guides/subscribers.md has the guarantees. The environment is read when the first batch arrives.
 */
export function subscriber(functions: SubscriberFunctions): SubscriberHandler {
  let instance: SubscriberHandler | undefined;
  return withFunctions(async (batch, context) => {
    instance ??= subscriberOn(functions, deployedPorts());
    return instance(batch, context);
  }, functions);
}

/** @throws Error that names every variable that is missing */
function deployedPorts(): SubscriberPorts {
  const env = parseEnvironment(['AWS_REGION', 'MERIDIAN_NAME', 'SUBSCRIBER', 'SUBSCRIBE_FROM']);
  const telemetry = powertools(env.MERIDIAN_NAME);
  const runtime = nodeRuntime(telemetry);
  return {
    deployment: env.MERIDIAN_NAME,
    name: env.SUBSCRIBER,
    region: env.AWS_REGION,
    environment: process.env,
    from: env.SUBSCRIBE_FROM,
    ...(process.env.SUBSCRIBER_HOME === undefined
      ? { progress: process.env.SUBSCRIBER_TABLE === undefined ? undefined : ownProgress() }
      : sharedProgress(runtime)),
    waiting: ownQueue(),
    runtime,
    telemetry,
  };
}

/** While a stack is updated, new code may run with the old variables: messages that wait are then redelivered. */
function ownQueue() {
  return process.env.SUBSCRIBER_QUEUE_URL
    ? sqsDelayedQueue(sqsClient(), process.env.SUBSCRIBER_QUEUE_URL, OWN_QUEUE_MS)
    : undefined;
}

function ownProgress() {
  const env = parseEnvironment(['SUBSCRIBER_TABLE']);
  return dynamoDbProgress(dynamoDbClient(), env.SUBSCRIBER_TABLE, addToSums(env.SUBSCRIBER_TABLE, TALLY_PARTITION));
}

/** The progress of a subscriber that is named to a Region, and how it finds out whether this Region acts for it. */
function sharedProgress(runtime: Runtime): Pick<SubscriberPorts, 'progress' | 'station'> {
  const env = parseEnvironment(['AWS_REGION', 'SUBSCRIBER_HOME', 'SUBSCRIBER_TABLE', 'PLACEMENT_TABLE']);
  const { AWS_REGION: region } = env;
  const client = dynamoDbClient();
  const sums = addToSums(env.SUBSCRIBER_TABLE, tallyPartition(region));
  const placements = dynamoDbPlacement(client, env.PLACEMENT_TABLE, SUBSCRIBER_PLACEMENT_MS);
  return {
    progress: dynamoDbProgress(client, env.SUBSCRIBER_TABLE, sums, region),
    station: { home: env.SUBSCRIBER_HOME, placement: new KnownPlacement(placements, runtime) },
  };
}

const shared = sharedOptions();
const credentials = defaultCredentials();

/**
 * The options of a client for a function or a subscriber that was defined with `needs: ['api']`: `client<typeof
 * domain>(await clientOptions())`. A subscriber passes the environment that `handle` gets,
 * `clientOptions(environment)`, so that it reaches the Regions of a world too. In a deployment, the URL of the
 * function's own Region is in the environment; the URLs of the other Regions are looked up by the name of their
 * function, once per process. A Region that does not respond within two seconds, or has no such function yet, is left
 * out, and looked up again by the first call after half a minute. Call this for each event: what is known about the
 * Regions is kept. If MERIDIAN_ENDPOINTS is set, a JSON object of URLs by Region, nothing is looked up and requests are
 * not signed.
 * @param environment @default process.env
 * @throws Error that names every variable that is missing, or the Region that refused the lookup and what to grant
 */
export async function clientOptions(environment: FunctionEnvironment = process.env): Promise<FunctionClientOptions> {
  const given = clientOptionsIn(environment);
  if (given) return given;
  if (environment.MERIDIAN_ENDPOINTS !== undefined) {
    const { AWS_REGION: region, MERIDIAN_ENDPOINTS: endpoints } = parseEnvironment(
      ['AWS_REGION', 'MERIDIAN_ENDPOINTS'],
      environment,
    );
    return { ...shared, region, endpoints };
  }
  const env = parseApiVariables(environment);
  const others = env.MERIDIAN_REGIONS.filter((region) => region !== env.AWS_REGION);
  const found = await Promise.all(
    others.map(async (region) => [region, await urlIn(region, env.API_FUNCTION)] as const),
  );
  const reachable = found.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return {
    ...shared,
    region: env.AWS_REGION,
    credentials,
    endpoints: { [env.AWS_REGION]: env.MERIDIAN_API_URL, ...Object.fromEntries(reachable) },
  };
}

/** @throws Error that names every missing variable, and says how a function gets it */
function parseApiVariables(environment: FunctionEnvironment) {
  try {
    return parseEnvironment(['AWS_REGION', 'MERIDIAN_REGIONS', 'MERIDIAN_API_URL', 'API_FUNCTION'], environment);
  } catch (cause) {
    throw new Error(
      `${messageOf(cause)}. A deployed function gets them with needs: ['api']. A subscriber passes the environment that its handle gets, clientOptions(environment), so that it works in a world too. Anywhere else, set AWS_REGION and MERIDIAN_ENDPOINTS.`,
      { cause },
    );
  }
}

interface Lookup {
  readonly url: Promise<string | undefined>;
  /** The time after which the Region is looked up again, in milliseconds since 1970. */
  until: number;
}

/** The lookups of this process, by Region. Concurrent calls share one. */
const lookups = new Map<string, Lookup>();

/**
 * @returns undefined if the Region did not respond, or has no such function yet
 * @throws Error if the Region refuses the lookup
 */
function urlIn(region: string, functionName: string): Promise<string | undefined> {
  const known = lookups.get(region);
  if (known && Date.now() < known.until) return known.url;
  const lookup: Lookup = { url: lookUp(region, functionName), until: Date.now() + CLIENT_AVOID_MS };
  lookups.set(region, lookup);
  lookup.url.then(
    (url) => {
      if (url !== undefined) lookup.until = Number.POSITIVE_INFINITY;
    },
    () => lookups.delete(region),
  );
  return lookup.url;
}

async function lookUp(region: string, functionName: string): Promise<string | undefined> {
  try {
    return await findFunctionUrl(region, functionName, { callMs: ENDPOINT_LOOKUP_MS });
  } catch (cause) {
    // Regions are deployed one after the other, so the function may not exist in this one yet.
    if (cause instanceof MeridianError && (cause.retryable || cause.code === 'not-found')) return undefined;
    throw new Error(
      `${messageOf(cause)} The role of this function needs lambda:GetFunctionUrlConfig on ${functionName} in ${region}: needs: ['api'] grants it, unless a permissions boundary or a service control policy denies it.`,
      { cause },
    );
  }
}
