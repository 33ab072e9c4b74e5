import { Duration } from 'aws-cdk-lib';
import {
  EventSourceMapping,
  FilterCriteria,
  type IEventSourceMapping,
  MetricType,
  StartingPosition,
} from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import type { FailureBucket } from './failure-bucket.ts';
import type { MeridianFunction } from './meridian-function.ts';
import type { TableStream } from './stream-lookup/stream-lookup.ts';

/** A pattern in Lambda's filter language. */
type RecordPattern = Readonly<Record<string, unknown>>;

/** Properties of StreamConsumer. */
export interface StreamConsumerProps {
  /** The stream of a table. */
  readonly stream: TableStream;
  /** The function that processes its records. */
  readonly consumer: MeridianFunction;
  /** Keeps the records that are discarded. */
  readonly failures: FailureBucket;
  /** The only records that the function is called for. @default all */
  readonly pattern?: RecordPattern;
}

/**
 * Feeds a table's stream to a function, in order. The first record that the function reports as failed is redelivered,
 * with all records after it.
 */
export class StreamConsumer extends Construct {
  /** The event source mapping, which discards records that cannot be processed. */
  readonly mapping: IEventSourceMapping;

  constructor(scope: Construct, id: string, { stream, consumer, failures, pattern }: StreamConsumerProps) {
    super(scope, id);
    const { batchSize, windowS, parallelization, retries, maxAgeS, bisect } = FUNCTIONS.relay.stream;
    stream.grantRead(consumer.role);
    this.mapping = new EventSourceMapping(this, 'Mapping', {
      target: consumer.function,
      eventSourceArn: stream.arn,
      // Includes records written before the mapping was created.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize,
      ...(windowS > 0 && { maxBatchingWindow: Duration.seconds(windowS) }),
      parallelizationFactor: parallelization,
      reportBatchItemFailures: true,
      bisectBatchOnError: bisect,
      retryAttempts: retries,
      maxRecordAge: Duration.seconds(maxAgeS),
      ...(pattern && { filters: [FilterCriteria.filter({ ...pattern })] }),
      onFailure: failures.destination,
      supportS3OnFailureDestination: true,
      // Makes Lambda send metrics that include the number of discarded records.
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
  }
}
