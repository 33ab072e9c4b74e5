import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';

/** Structured logs of a function. */
export interface Log {
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}

/** What a handler says of itself. Metrics go through the runtime port of core. */
export interface Telemetry {
  readonly log: Log;
  /** Middlewares around every invocation: log context, metrics flush. */
  readonly middlewares: readonly MiddlewareObj[];
}

/** A handler with the telemetry around it. The function's own timeout is the only one: middy's early answer is off. */
export function instrument<Event, Result>(
  { middlewares }: Telemetry,
  handle: (event: Event, context: Context) => Promise<Result>,
) {
  return middy<Event, Result>({ timeoutEarlyInMillis: 0 })
    .use([...middlewares])
    .handler(handle);
}
