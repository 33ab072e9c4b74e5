import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import type { MiddlewareObj } from '@middy/core';

/**
 * The trace segment around an invocation. This is the one place that knows how traces are made: the X-Ray SDK under it
 * ends in February 2027. Across Regions traces are linked by `traceparent` in `meta`, which needs none of it.
 */
export const tracing = (serviceName: string): MiddlewareObj =>
  captureLambdaHandler(new Tracer({ serviceName }), { captureResponse: false });
