import * as z from 'zod';
import { memoryEventStore } from '../../../adapters/memory/event-store.ts';
import { memorySightings } from '../../../adapters/memory/sightings.ts';
import { memoryViewStore } from '../../../adapters/memory/view-store.ts';
import { makeHandler } from '../../../lambdas/api/handler.ts';
import type { ApiPorts } from '../../../lambdas/api/routes.ts';
import { toyDomain } from '../../../testing/toy.ts';
import { functionUrlEvent } from '../../../world/network/function-url-event.ts';
import { fakeRuntime } from '../../runtime.ts';
import { context, recordedTelemetry } from '../invocation.ts';
import { transactionPorts } from '../transaction-ports.ts';

/** Home: us-east-1, by the number of its id. */
export const eastStock = 'stock/0';
/** Home: us-west-2. */
export const westStock = 'stock/2';

export function noted(text: string | number = 'red') {
  return { type: 'Noted', data: { text: `${text}` } };
}

export interface Request {
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent unchanged, anything else as JSON. */
  readonly body?: unknown;
}

const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  detail: z.string(),
  code: z.string(),
  retryable: z.boolean(),
});

/**
 * The API of us-east-1, one of three Regions, on memory adapters. The other Regions are unreachable unless a test connects
 * them.
 */
export function anApi(ports: Partial<ApiPorts> = {}) {
  const runtime = fakeRuntime();
  const telemetry = recordedTelemetry();
  const all: ApiPorts = {
    domain: toyDomain,
    region: 'us-east-1',
    regions: ['us-east-1', 'us-east-2', 'us-west-2'],
    log: 'us-east-1',
    events: memoryEventStore(),
    views: memoryViewStore(),
    sightings: memorySightings(),
    ...transactionPorts(),
    runtime,
    warm: new Map(),
    ...ports,
  };
  const handler = makeHandler({ ...all, telemetry });
  const directly = (event: unknown): ReturnType<typeof handler> => Reflect.apply(handler, undefined, [event, context]);
  const send = async (event: Parameters<typeof handler>[0]) => {
    const { statusCode: status, headers, body } = await handler(event, context);
    const json: unknown = JSON.parse(body);
    return { status, headers, body: json };
  };
  const call = (method: string, path: string, { query, headers, body }: Request = {}) =>
    send(
      functionUrlEvent({
        method,
        path,
        ...(query !== undefined && { query }),
        ...(headers !== undefined && { headers }),
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
  return {
    runtime,
    ports: all,
    lines: telemetry.lines,
    send,
    /** Invokes the function directly, with any JSON. */
    direct: directly,
    raw: (event: Parameters<typeof handler>[0]) => handler(event, context),
    call,
    get: (path: string, request?: Request) => call('GET', path, request),
    post: (path: string, request?: Request) => call('POST', path, request),
    /** The problem document of a request that must fail. */
    problem: async (method: string, path: string, request?: Request) => {
      const { status, headers, body } = await call(method, path, request);
      const problem = problemSchema.parse(body);
      if (headers['content-type'] !== 'application/problem+json' || problem.status !== status)
        throw new Error(`${method} ${path} returned no problem document: ${status} ${JSON.stringify(body)}`);
      return problem;
    },
  };
}

const versionedSchema = z.object({ version: z.string() });

/** The version token in a response. */
export function versionOf({ body }: { readonly body: unknown }): string {
  return versionedSchema.parse(body).version;
}
