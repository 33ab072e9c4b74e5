import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, type IEventSourceMapping, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import type { FailureBucket } from './failure-bucket.ts';
import type { MeridianFunction } from './meridian-function.ts';
import type { TableStream } from './stream-lookup/stream-lookup.ts';

/** Properties of StreamConsumer. */
export interface StreamConsumerProps {
  /** The stream of a table. */
  readonly stream: TableStream;
  /** The function that works on its records. */
  readonly consumer: MeridianFunction;
  /** Keeps the records that it gives up on. */
  readonly failures: FailureBucket;
}

/** Feeds a function with a table's stream, in order; those records that it reports as failed come again. */
export class StreamConsumer extends Construct {
  /** What feeds it, and gives up on what cannot be worked on. */
  readonly mapping: IEventSourceMapping;

  constructor(scope: Construct, id: string, { stream, consumer, failures }: StreamConsumerProps) {
    super(scope, id);
    const { batchSize, windowS, parallelization, retries, maxAgeS, bisect } = FUNCTIONS.relay.stream;
    stream.grantRead(consumer.role);
    this.mapping = new EventSourceMapping(this, 'Mapping', {
      target: consumer.function,
      eventSourceArn: stream.arn,
      // What was written before the mapping was made comes too.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize,
      ...(windowS > 0 && { maxBatchingWindow: Duration.seconds(windowS) }),
      parallelizationFactor: parallelization,
      reportBatchItemFailures: true,
      bisectBatchOnError: bisect,
      retryAttempts: retries,
      maxRecordAge: Duration.seconds(maxAgeS),
      onFailure: failures.destination,
      supportS3OnFailureDestination: true,
      // They say how many records it gave up on.
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
  }
}
