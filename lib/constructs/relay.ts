import type { IEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { Bus } from './bus.ts';
import type { ConflictsReplica } from './conflicts-replica.ts';
import type { EventsReplica } from './events-replica.ts';
import { FailureBucket } from './failure-bucket.ts';
import type { Ingest } from './ingest.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { Resolver } from './resolver.ts';
import { StreamConsumer, type StreamConsumerProps } from './stream-consumer.ts';
import type { TableStream } from './stream-lookup/stream-lookup.ts';
import type { TransactionsReplica } from './transactions-replica.ts';
import type { ViewsTable } from './views-table.ts';
import type { WorkQueue } from './work-queue.ts';

/** Properties of Relay. */
export interface RelayProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store, whose streams it reads. */
  readonly events: EventsReplica;
  /** The decisions of transactions, whose stream it reads. */
  readonly transactions: TransactionsReplica;
  /** The bus for commits written here. */
  readonly bus: Bus;
  /** The queue for every Region's commits. */
  readonly projectionQueue: WorkQueue;
  /** The queue for intents, which are checked when they are due. */
  readonly resolver: Resolver;
  /** The quarantine, for entries that the bus refuses permanently. */
  readonly ingest: Ingest;
  /** The table in which relay records what it has seen of each Region. */
  readonly views: ViewsTable;
  /** The ledger, which says which streams are watched, and whose stream it reads. */
  readonly conflicts: ConflictsReplica;
}

/** The entries of the ledger that this Region keeps: it alone announces them. Its watches, and what others keep, cost no invocation. */
function entriesOf(region: string) {
  return {
    dynamodb: {
      Keys: { sk: { S: [{ suffix: `#${region}` }] } },
      NewImage: { entry: { S: [{ exists: true }] } },
    },
  };
}

/** The only reader of this Region's table streams, of commits, of decisions and of conflicts. */
export class Relay extends Construct {
  /** The event source mappings of relay, which discard records that it cannot send. */
  readonly mappings: readonly IEventSourceMapping[];

  constructor(scope: Construct, id: string, props: RelayProps) {
    super(scope, id);
    const { config, region, events, transactions, bus, projectionQueue, resolver, ingest, views, conflicts } = props;
    const names = namesOf(config.name);
    const relay = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'relay',
      description:
        'Publishes what was written, decided and found to conflict here and sends the commits of every Region to projection',
      environment: {
        BUS_NAME: names.bus,
        PROJECTION_QUEUE_URL: projectionQueue.queueUrl,
        RESOLVER_QUEUE_URL: resolver.queue.queueUrl,
        QUARANTINE_QUEUE_URL: ingest.quarantine.queueUrl,
        VIEWS_TABLE: names.viewsTable,
        MERIDIAN_REGIONS: config.regions.join(),
        MERIDIAN_LOG: config.logs[region] ?? region,
        MERIDIAN_LOGS: Object.values(config.logs).join(),
        EVENTS_TABLE: names.eventsTable,
        CONFLICTS_TABLE: names.conflictsTable,
      },
    });
    const failures = new FailureBucket(this, 'Failures', { ephemeral: config.ephemeral });
    bus.grantPublish(relay.role);
    views.grantRecordSeen(relay.role);
    events.grantSeeTaken(relay.role);
    conflicts.grantReadWatches(relay.role);
    failures.grantWriteFailures(relay.role);
    projectionQueue.grantSend(relay.role);
    ingest.grantQuarantine(relay.role);
    resolver.grantSend(relay.role);
    const consume = (source: string, stream: TableStream, pattern?: StreamConsumerProps['pattern']) =>
      new StreamConsumer(this, source, { stream, consumer: relay, failures, ...(pattern && { pattern }) }).mapping;
    const commits = Object.entries(events.streams).map(([source, stream]) => consume(source, stream));
    this.mappings = [
      ...commits,
      consume('Decisions', transactions.stream),
      consume('Conflicts', conflicts.stream, entriesOf(region)),
    ];
  }
}
