import { Duration } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping, type IEventSourceMapping, MetricType, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { namesOf } from '../names.ts';
import type { Bus } from './bus.ts';
import type { EventsReplica } from './events-replica.ts';
import { FailureBucket } from './failure-bucket.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { ViewsTable } from './views-table.ts';

/** Properties of Relay. */
export interface RelayProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store, whose stream it reads. */
  readonly events: EventsReplica;
  /** Where commits written here go. */
  readonly bus: Bus;
  /** Where every Region's commits go. */
  readonly projectionQueue: IQueue;
  /** Where it notes what it has seen of each Region. */
  readonly views: ViewsTable;
}

/** The one reader of this Region's table stream. */
export class Relay extends Construct {
  /** What feeds it, and gives up on what it cannot send. */
  readonly mapping: IEventSourceMapping;

  constructor(scope: Construct, id: string, { config, region, events, bus, projectionQueue, views }: RelayProps) {
    super(scope, id);
    const names = namesOf(config.name);
    const relay = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'relay',
      description: 'Publishes the commits written here and sends those of every Region to projection',
      environment: {
        BUS_NAME: names.bus,
        PROJECTION_QUEUE_URL: projectionQueue.queueUrl,
        VIEWS_TABLE: names.viewsTable,
      },
      // A batch of 100 commits of up to 100 events each, while one call of the bus or of the queue takes at most 15 s and
      // one of the table at most 20 s.
      timeout: Duration.seconds(60),
    });
    const failures = new FailureBucket(this, 'Failures', { ephemeral: config.ephemeral });
    events.grantStreamRead(relay.role);
    bus.grantPublish(relay.role);
    views.grantRecordSeen(relay.role);
    failures.grantWriteFailures(relay.role);
    Grant.addToPrincipal({
      grantee: relay.role,
      actions: ['sqs:SendMessage'],
      resourceArns: [projectionQueue.queueArn],
    });
    this.mapping = new EventSourceMapping(this, 'Mapping', {
      target: relay.function,
      eventSourceArn: events.streamArn,
      // Commits that were written before the mapping was made leave too.
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
