import middy from '@middy/core';
import type { Context } from 'aws-lambda';

/** Structured logs of a function. */
export interface Log {
  warn(message: string, details: Readonly<Record<string, unknown>>): void;
  error(message: string, details: Readonly<Record<string, unknown>>): void;
}

/** An invocation as a middleware sees it. */
export interface Invocation {
  readonly event: unknown;
  readonly context: Context;
  readonly response: unknown;
  readonly error: Error | null;
  /** What middlewares tell each other. */
  readonly internal: Record<string, unknown>;
}

/** What is done around an invocation: a middleware of middy, in words of our own, since this is a part of public types. */
export interface Middleware {
  before?(invocation: Invocation): unknown;
  after?(invocation: Invocation): unknown;
  onError?(invocation: Invocation): unknown;
}

/** What a handler says of itself. Metrics go through the runtime port of core. */
export interface Telemetry {
  readonly log: Log;
  /** Middlewares around every invocation: log context, metrics flush. */
  readonly middlewares: readonly Middleware[];
}

/** A handler with the telemetry around it. The function's own timeout is the only one: middy's early answer is off. */
export function instrument<Event, Result>(
  { middlewares }: Telemetry,
  handle: (event: Event, context: Context) => Promise<Result>,
): (event: Event, context: Context) => Promise<Result> {
  return middy<Event, Result>({ timeoutEarlyInMillis: 0 })
    .use([...middlewares])
    .handler(handle);
}
