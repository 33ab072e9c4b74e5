import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import { namesOf } from '../../core/names.ts';
import { fastPathPattern } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import type { Bus } from './bus.ts';
import type { ConflictsReplica } from './conflicts-replica.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { PlacementReplica } from './placement-replica.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { queueDefaults } from './queue-defaults.ts';
import { QueueRules } from './queue-rules.ts';
import type { SnapshotsTable } from './snapshots-table.ts';
import type { TransactionsReplica } from './transactions-replica.ts';
import type { ViewsTable } from './views-table.ts';
import { WorkQueue } from './work-queue.ts';

/** Properties of Projection. */
export interface ProjectionProps {
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
  /** The ledger of conflicts. */
  readonly conflicts: ConflictsReplica;
  /** Where home streams are written, and so repaired. */
  readonly placement: PlacementReplica;
  /** This Region's bus, the fast path. */
  readonly bus: Bus;
  /** The stream types that at least one view is computed from. */
  readonly projectedTypes: readonly string[];
}

/** Keeps this Region's views up to date. */
export class Projection extends Construct {
  /**
   * The queue of projection. `relay` feeds it from this Region's table stream. The bus feeds it with other Regions'
   * events, ahead of replication; projection itself, with the streams whose entries are ahead.
   */
  readonly queue: WorkQueue;

  constructor(
    scope: Construct,
    id: string,
    {
      config,
      region,
      events,
      transactions,
      snapshots,
      views,
      conflicts,
      placement,
      bus,
      projectedTypes,
    }: ProjectionProps,
  ) {
    super(scope, id);
    const names = namesOf(config.name);
    this.queue = new WorkQueue(this, 'Queue', {
      config,
      queueName: names.queue('projection'),
      limits: FUNCTIONS.projection.queue,
      deadLetters: new Queue(this, 'DeadLetters', {
        ...queueDefaults(this),
        queueName: names.queue('projection-dead-letter'),
      }),
    });
    // A pattern cannot have an empty list.
    if (projectedTypes.length > 0)
      new QueueRules(this, 'FastPath', {
        config,
        ruleId: 'fast-path',
        description: "Other Regions' events that views are computed from, to the projection queue",
        pattern: fastPathPattern(region, projectedTypes),
        bus: bus.bus,
        queue: this.queue,
        // No dead-letter queue: `relay` delivers from the table whatever the bus loses.
      });
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'projection',
      description: 'Keeps the views and the ledger of conflicts up to date, and repairs conflicts',
      environment: {
        MERIDIAN_LOG: config.logs[region] ?? region,
        MERIDIAN_LOGS: Object.values(config.logs).join(),
        ...events.environment,
        SNAPSHOTS_TABLE: names.snapshotsTable,
        VIEWS_TABLE: names.viewsTable,
        TRANSACTIONS_TABLE: names.transactionsTable,
        DECISIONS: config.decisions,
        MERIDIAN_REGIONS: config.regions.join(),
        CONFLICTS_TABLE: names.conflictsTable,
        PLACEMENT_TABLE: names.placementTable,
        PROJECTION_QUEUE_URL: this.queue.queueUrl,
      },
      // A stream that is ahead of its table returns to the queue. Lambda would take it for a runaway loop after about 16 times.
      sendsToItself: true,
    });
    events.grantRepair(consumer.role);
    transactions.grantRead(consumer.role);
    snapshots.grantUse(consumer.role);
    views.grantProject(consumer.role);
    conflicts.grantKeep(consumer.role);
    placement.grantRead(consumer.role);
    this.queue.grantSend(consumer.role);
    new QueueConsumer(this, 'Consumer', { queue: this.queue, consumer, limits: FUNCTIONS.projection.queue });
  }
}
