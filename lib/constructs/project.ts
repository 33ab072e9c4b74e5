import { Duration } from 'aws-cdk-lib';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { namesOf } from '../names.ts';
import type { Bus } from './bus.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import { Projection } from './projection.ts';
import { QueueConsumer } from './queue-consumer.ts';
import type { SnapshotsTable } from './snapshots-table.ts';
import type { TransactionsReplica } from './transactions-replica.ts';
import type { ViewsTable } from './views-table.ts';

/** Properties of Project. */
export interface ProjectProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store. */
  readonly events: EventsReplica;
  /** The decisions of transactions: they make intents visible before these are final. */
  readonly transactions: TransactionsReplica;
  /** The streams' snapshots. */
  readonly snapshots: SnapshotsTable;
  /** The read models. */
  readonly views: ViewsTable;
  /** This Region's bus, the fast path. */
  readonly bus: Bus;
  /** The stream types whose events some view is made of. */
  readonly projectedTypes: readonly string[];
}

/** Keeps this Region's views up to date. */
export class Project extends Construct {
  /** Where it takes its work from. */
  readonly queue: IQueue;

  constructor(
    scope: Construct,
    id: string,
    { config, region, events, transactions, snapshots, views, bus, projectedTypes }: ProjectProps,
  ) {
    super(scope, id);
    const names = namesOf(config.name);
    // It tries for 10 s against other projectors, then one read and one transaction take at most 20 s each. No longer, as a
    // failed message comes again after six of them.
    const timeout = Duration.seconds(60);
    const { queue } = new Projection(this, 'Projection', {
      name: config.name,
      region,
      bus: bus.bus,
      projectedTypes,
      consumerTimeout: timeout,
    });
    this.queue = queue;
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'project',
      description: 'Keeps the views of this Region up to date',
      environment: {
        EVENTS_TABLE: names.eventsTable,
        SNAPSHOTS_TABLE: names.snapshotsTable,
        VIEWS_TABLE: names.viewsTable,
        TRANSACTIONS_TABLE: names.transactionsTable,
        DECISIONS: config.decisions,
      },
      timeout,
    });
    events.grantLoad(consumer.role);
    transactions.grantRead(consumer.role);
    snapshots.grantUse(consumer.role);
    views.grantProject(consumer.role);
    // More at once would mostly make their transactions meet on the same totals.
    new QueueConsumer(this, 'Consumer', { queue, consumer, maxConcurrency: 10 });
  }
}
