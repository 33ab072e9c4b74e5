import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware';
import type { Runtime } from '../core/index.ts';
import type { Telemetry } from './instrument.ts';
import { tracing } from './tracing.ts';

/** Structured logs, EMF metrics and traces of a function, under the name of its deployment. */
export const powertools = (serviceName: string): Telemetry & Pick<Runtime, 'metric'> => {
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({ namespace: serviceName, serviceName });
  return {
    log: logger,
    middlewares: [injectLambdaContext(logger), logMetrics(metrics), tracing(serviceName)],
    metric: (name, unit, value) => metrics.addMetric(name, unit, value),
  };
};
