import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Runtime } from '../core/index.ts';
import { type Middleware, type Telemetry, unexpectedIn } from './instrument.ts';

/**
 * Structured logs and EMF metrics of a function, under its deployment's name. Traces are Lambda's own
 * (`lib/constructs/meridian-function.ts`); each log line has its trace id.
 */
export function powertools(serviceName: string): Telemetry & Pick<Runtime, 'metric' | 'unexpected'> {
  const logger = new Logger({ serviceName });
  const metrics = new Metrics({ namespace: serviceName, serviceName });
  return {
    log: logger,
    middlewares: [injectLambdaContext(logger), flush(metrics)],
    metric: (name, unit, value, type) => {
      metrics.addMetric(name, unit, value);
      // It has another dimension, so it is a line of its own, which is written at once.
      if (type !== undefined) metrics.singleMetric().addDimension('type', type).addMetric(name, unit, value);
    },
    unexpected: unexpectedIn(logger),
  };
}

/** Powertools' own middleware logs a warning for every invocation without metrics, such as a read. */
function flush(metrics: Metrics): Middleware {
  const publish = () => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  return { after: publish, onError: publish };
}
