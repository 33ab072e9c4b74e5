import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, type IEventSourceMapping, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
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
    stream.grantRead(consumer.role);
    this.mapping = new EventSourceMapping(this, 'Mapping', {
      target: consumer.function,
      eventSourceArn: stream.arn,
      // What was written before the mapping was made comes too.
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      // Above one, two commits of one log may overtake each other.
      parallelizationFactor: 1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      // A record that can never leave must not hold the shard up until the stream's 24 hours have eaten those behind it. Its
      // age decides: a hundred tries at a bus that refuses are over in minutes. These are the most that Lambda takes.
      retryAttempts: 10_000,
      maxRecordAge: Duration.hours(6),
      onFailure: failures.destination,
      supportS3OnFailureDestination: true,
      // They say how many records it gave up on.
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
  }
}
