import type { LambdaFunctionURLEvent } from 'aws-lambda';
import type { Runtime, Subscription } from '../../core/index.ts';
import type { Answer } from '../../lambdas/api/http.ts';
import {
  type FunctionClientOptions,
  type FunctionEnvironment,
  sharedOptions,
  withClientOptions,
} from '../../lambdas/client-options.ts';
import { functionUrlEvent } from '../network/function-url-event.ts';
import type { Scheduler } from '../time/scheduler.ts';

/** The Region that a subscriber runs in. */
export interface Surroundings {
  readonly region: string;
  readonly regions: readonly string[];
  readonly scheduler: Scheduler;
  readonly runtime: Pick<Runtime, 'now' | 'random' | 'newId'>;
  /** Sends a request from this Region to the API of any Region. @throws Error if it cannot be reached */
  readonly request: (region: string, event: LambdaFunctionURLEvent) => Promise<Answer>;
}

/** The environment of a subscriber: the variables of its definition, and what it needs of the deployment. */
export function subscriberEnvironment(
  { name, environment, needs }: Pick<Subscription, 'name' | 'environment' | 'needs'>,
  around: Surroundings,
): FunctionEnvironment {
  const own = needs.includes('api') ? withClientOptions(environment, clientOptionsIn(around)) : environment;
  return needs.includes('bus') ? withoutBus(name, own) : own;
}

/** The URLs are names only: the requests stay in this process. */
function clientOptionsIn({ region, regions, scheduler, runtime, request }: Surroundings): FunctionClientOptions {
  const ordered = [region, ...regions.filter((other) => other !== region)];
  return {
    ...sharedOptions(),
    region,
    endpoints: Object.fromEntries(ordered.map((each) => [each, `http://${each}`])),
    fetch: async (url, { method, headers, body }) => {
      const { hostname, pathname, searchParams } = new URL(url);
      const event = functionUrlEvent({ method, path: pathname, query: searchParams.toString(), headers, body });
      const { statusCode, body: text } = await request(hostname, event);
      return { status: statusCode, text: async () => text };
    },
    runtime: {
      now: () => runtime.now(),
      random: () => runtime.random(),
      newId: () => runtime.newId(),
      sleep: (milliseconds, signal) => sleepUntil(scheduler, milliseconds, signal),
    },
  };
}

function sleepUntil(scheduler: Scheduler, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const callOff = scheduler.after(milliseconds, resolve);
    signal?.addEventListener(
      'abort',
      () => {
        callOff();
        resolve();
      },
      { once: true },
    );
  });
}

/** A function calls the bus through an SDK, and a world has no EventBridge to call. */
function withoutBus(name: string, environment: FunctionEnvironment): FunctionEnvironment {
  return Object.defineProperty({ ...environment }, 'BUS_NAME', {
    get: () => {
      throw new Error(
        `Subscriber ${name} reads BUS_NAME: in a world there is no EventBridge to call. Send appends and commands through the API, with needs: ['api'] and client(await clientOptions(environment)); or give the world a handler in place of its file.`,
      );
    },
  });
}
