import middy from '@middy/core';
import type { Context } from 'aws-lambda';

/** Structured logs of a function. */
export interface Log {
  info(message: string, details: Readonly<Record<string, unknown>>): void;
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}

/** An invocation, as passed to middleware. */
export interface Invocation {
  readonly event: unknown;
  readonly context: Context;
  readonly response: unknown;
  readonly error: Error | null;
  /** Data shared between middlewares. */
  readonly internal: Record<string, unknown>;
}

/** Wraps an invocation: middy's middleware interface, declared here because it is part of public types. */
export interface Middleware {
  before?(invocation: Invocation): unknown;
  after?(invocation: Invocation): unknown;
  onError?(invocation: Invocation): unknown;
}

/** The telemetry of a handler. Metrics go through the runtime port of core. */
export interface Telemetry {
  readonly log: Log;
  /** Middlewares around every invocation: log context, metrics flush. */
  readonly middlewares: readonly Middleware[];
}

/** Logs unexpected errors in the log of a function. */
export function unexpectedIn(log: Log): (error: unknown) => void {
  return (error) => log.error('Unexpected error', { error });
}

/** Wraps a handler in its telemetry. Only Lambda's own timeout applies: middy's early timeout is disabled. */
export function instrument<Event, Result>(
  { middlewares }: Telemetry,
  handle: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  if (middlewares.length === 0) return handle;
  return middy<Event, Result>({ timeoutEarlyInMillis: 0 })
    .use([...middlewares])
    .handler(handle);
}
