import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import { CONFLICTS_COUNT_S } from '../../core/limits/budgets.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { Bus } from './bus.ts';
import type { ConflictsReplica } from './conflicts-replica.ts';
import type { EventsReplica } from './events-replica.ts';
import type { Ingest } from './ingest.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { Participant } from './participant.ts';
import type { PlacementReplica } from './placement-replica.ts';
import type { Resolver } from './resolver.ts';
import type { TransactionsReplica } from './transactions-replica.ts';
import type { ViewsTable } from './views-table.ts';
import type { WorkQueue } from './work-queue.ts';

/** Properties of Operate. */
export interface OperateProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store, which is scanned. Commits that it lacks are put. */
  readonly events: EventsReplica;
  /** The decisions of transactions, which make intents visible before these are final. They are scanned, too. */
  readonly transactions: TransactionsReplica;
  /** The queue to which intents, promises and busy attempts are sent again. */
  readonly resolver: Resolver;
  /** The read models, which are rebuilt. */
  readonly views: ViewsTable;
  /** The bus on which events are published again. */
  readonly bus: Bus;
  /** The quarantine, and the queue that its messages return to. */
  readonly ingest: Ingest;
  /** The ledger of conflicts, which says which streams are watched, and whose open entries are counted. */
  readonly conflicts: ConflictsReplica;
  /** Where home streams are written: operators move them. */
  readonly placement: PlacementReplica;
  /** The participant functions of the other Regions, which are asked to move a stream that is written there. */
  readonly participant: Participant;
  /** The queue to which streams are sent whose conflicts are listed again. */
  readonly projectionQueue: WorkQueue;
}

/** The function behind the command line: only operators invoke it, and a schedule, which has it count open conflicts. It has no URL. */
export class Operate extends Construct {
  constructor(scope: Construct, id: string, props: OperateProps) {
    super(scope, id);
    const {
      config,
      region,
      events,
      transactions,
      resolver,
      views,
      bus,
      ingest,
      conflicts,
      placement,
      participant,
      projectionQueue,
    } = props;
    const names = namesOf(config.name);
    const { role, function: operate } = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'operate',
      description:
        'Rebuilds views, moves homes, compares tables, publishes again, empties the quarantine; counts open conflicts',
      environment: {
        ...events.environment,
        TRANSACTIONS_TABLE: names.transactionsTable,
        DECISIONS: config.decisions,
        VIEWS_TABLE: names.viewsTable,
        BUS_NAME: names.bus,
        INGEST_QUEUE_URL: ingest.queue.queueUrl,
        QUARANTINE_QUEUE_URL: ingest.quarantine.queueUrl,
        RESOLVER_QUEUE_URL: resolver.queue.queueUrl,
        PROJECTION_QUEUE_URL: projectionQueue.queueUrl,
        MERIDIAN_REGIONS: config.regions.join(),
        MERIDIAN_LOG: config.logs[region] ?? region,
        MERIDIAN_LOGS: Object.values(config.logs).join(),
        CONFLICTS_TABLE: names.conflictsTable,
        PLACEMENT_TABLE: names.placementTable,
        PARTICIPANT_FUNCTION: names.function('participant'),
      },
    });
    events.grantScan(role);
    events.grantPutMissing(role);
    // For a lost Region; and the home of a stream moves when the transactions of this Region that hold it have ended.
    events.grantFinaliseCopies(role);
    transactions.grantScan(role);
    transactions.grantDecide(role);
    participant.grantInvokeElsewhere(role);
    resolver.grantSend(role);
    views.grantRebuild(role);
    bus.grantPublish(role);
    ingest.grantRedrive(role);
    conflicts.grantReadWatches(role);
    conflicts.grantRead(role);
    new Rule(this, 'ConflictsCount', {
      ruleName: names.rule('conflicts-count'),
      description: 'Has the open conflicts counted, for metrics',
      schedule: Schedule.rate(Duration.seconds(CONFLICTS_COUNT_S)),
      targets: [
        new LambdaFunction(operate, {
          event: RuleTargetInput.fromObject({ action: 'conflicts-count' }),
          retryAttempts: 0,
        }),
      ],
    });
    placement.grantMove(role);
    projectionQueue.grantSend(role);
  }
}
