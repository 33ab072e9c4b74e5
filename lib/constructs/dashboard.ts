import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
  SingleValueWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { globalTablesOf } from './global-table.ts';
import type { Inventory } from './inventory.ts';
import { metricsOf } from './metrics.ts';

/** Properties of Dashboard. */
export interface DashboardProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The Region's resources to show. */
  readonly inventory: Inventory;
  /** The Region's alarms. */
  readonly alarms: readonly IAlarm[];
  /** Whether a subscriber is left to one Region at a time. */
  readonly standby: boolean;
}

const PERIOD = Duration.minutes(1);
const [WIDTH, HEIGHT] = [24, 6];

/** One page about a Region: the first row shows whether it is healthy, the rows below show where a problem is. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { config, region, inventory, alarms, standby }: DashboardProps) {
    super(scope, id);
    const names = namesOf(config.name);
    const {
      own,
      byType,
      function: of,
      queue,
      rule,
      table,
      tableThrottles,
      tableErrors,
      replicationLatency,
      machine,
    } = metricsOf(config.name, PERIOD);
    const others = config.regions.filter((other) => other !== region);
    const functions = inventory.functions.map(({ name }) => name);
    const tables = [...globalTablesOf(config), ...inventory.tables];
    const executions = (metricName: string) =>
      inventory.machines.map(({ name, arn }) => machine(arn, metricName).with({ label: `${name} ${metricName}` }));
    const relayAge = of(names.function('relay'), 'IteratorAge', Stats.MAXIMUM).with({ label: 'stream age, ms' });

    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: names.dashboard(region),
      defaultInterval: Duration.hours(3),
      widgets: [
        [
          new AlarmStatusWidget({
            title: `Is ${region} healthy? Alarms`,
            alarms: [...alarms],
            width: 12,
            height: HEIGHT,
          }),
          new SingleValueWidget({
            title: 'Right now',
            metrics: [
              own('Appended').with({ label: 'commits a minute' }),
              relayAge,
              queue(names.queue('projection'), 'ApproximateAgeOfOldestMessage').with({ label: 'views behind, s' }),
              queue(names.queue('quarantine'), 'ApproximateNumberOfMessagesVisible').with({ label: 'in quarantine' }),
            ],
            width: 12,
            height: HEIGHT,
          }),
        ],
        ...row('Traffic: input and output', [
          graph('Envelopes from the bus a minute', [
            own('Accepted'),
            own('Rejected'),
            own('Quarantined'),
            own('HeldUp'),
            own('RowCorrected'),
          ]),
          graph('Commits written here a minute', [own('Appended'), own('AppendConflict')]),
          graph('Events published here a minute', [own('Published'), own('PublishFailed'), own('PublishRefused')]),
          graph(
            'Invocations a minute',
            functions.map((name) => of(name, 'Invocations')),
          ),
        ]),
        ...row('Latency: how long a response takes', [
          graph(
            'Duration of the functions, p99, ms',
            functions.map((name) => of(name, 'Duration', Stats.percentile(99))),
          ),
          graph('Duration of the API, ms', [
            of(names.function('api'), 'Duration', Stats.percentile(50)).with({ label: 'p50' }),
            of(names.function('api'), 'Duration', Stats.percentile(99)).with({ label: 'p99' }),
          ]),
        ]),
        ...row('Lag: how far behind others are', [
          graph('Replication from here, ms', others.map(replicationLatency)),
          graph('Age of the table stream at relay, ms', [relayAge]),
          graph('Rows of views brought up to date a minute', [own('Projected')]),
          graph('Events that subscribers handled, and events held until earlier ones arrive', [
            own('Handled'),
            own('Waiting'),
            ...(standby ? [own('Standby')] : []),
          ]),
          graph('Age of the oldest hidden commit, and of the oldest event that waits in a subscriber, ms', [
            own('HiddenCommitAge', Stats.MAXIMUM),
            own('WaitingAge', Stats.MAXIMUM),
          ]),
        ]),
        ...row('Transactions: how they end, and who ends them', [
          graph('Transactions decided a minute', [own('TransactionCommitted'), own('TransactionAborted')]),
          graph('Attempts that met another transaction; responses sent before the decision', [
            own('TransactionBusy'),
            own('TransactionUndecided'),
          ]),
          graph('Intents that recovery finished', [own('IntentResolved')]),
          graph('Executions a minute', ['ExecutionsStarted', 'ExecutionsSucceeded'].flatMap(executions)),
          graph(
            'Executions that failed, or were aborted or throttled',
            ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionThrottled'].flatMap(executions),
          ),
        ]),
        ...row('Queues: what waits, and what has failed', [
          graph(
            'Messages waiting',
            inventory.workQueues.map(({ name }) => queue(name, 'ApproximateNumberOfMessagesVisible')),
          ),
          graph(
            'Age of the oldest message, s',
            inventory.workQueues.map(({ name }) => queue(name, 'ApproximateAgeOfOldestMessage')),
          ),
          graph(
            'Failed messages (each needs an operator)',
            inventory.failureQueues.map((name) => queue(name, 'ApproximateNumberOfMessagesVisible')),
          ),
        ]),
        ...row('Errors', [
          graph(
            'Crashes and timeouts of functions',
            functions.map((name) => of(name, 'Errors')),
          ),
          graph('Failed requests: status of 500 or more', [
            own('ApiFailed'),
            own('CommandFailed'),
            own('OperateFailed'),
            of(names.function('api'), 'Url5xxCount').with({ label: 'Url5xxCount' }),
          ]),
          graph(
            'Functions not started (throttles)',
            functions.map((name) => of(name, 'Throttles')),
          ),
          graph(
            'Events that rules could not deliver',
            inventory.rules.map((name) => rule(name, 'FailedInvocations')),
          ),
          graph('Extras not written: sightings (health shows less), snapshots (loads are slower)', [
            own('SightingFailed'),
            own('SnapshotFailed'),
          ]),
        ]),
        ...row('Tables', [
          graph(
            'Write units a minute',
            tables.map((name) => table(name, 'ConsumedWriteCapacityUnits')),
          ),
          graph(
            'Read units a minute',
            tables.map((name) => table(name, 'ConsumedReadCapacityUnits')),
          ),
          graph('Throttled requests', tables.map(tableThrottles)),
          graph("DynamoDB's own errors", tables.map(tableErrors)),
        ]),
        ...row('Conflicts: changes whose writers had not seen each other', [
          graph('Conflicts announced here a minute', [own('ConflictOpen'), own('ConflictResolved')]),
          graph('Conflicts announced here a minute, by stream type', [
            byType('ConflictOpen'),
            byType('ConflictResolved'),
          ]),
          graph('Open conflicts in all Regions', [own('OpenConflicts', Stats.MAXIMUM)]),
          graph('Age of the oldest open conflict, ms', [own('OpenConflictAge', Stats.MAXIMUM)]),
        ]),
        ...row('Races and clocks', [
          graph('Positions lost to another writer', [own('AppendConflict')]),
          graph('Hidden commits met when a stream was loaded', [own('HiddenCommits')]),
          graph('Strong streams that wait for a majority of the Regions', [own('QuorumMissing')]),
          graph('Repairs of conflicts, and those that failed', [own('Repaired'), own('RepairFailed')]),
          graph('Ids used for two requests', [own('IdReused')]),
          graph('Stamps ahead of the clock, ms', [own('ClockAhead', Stats.MAXIMUM)]),
        ]),
      ],
    });
  }
}

/** A title and a line of widgets that share its width. */
function row(title: string, graphs: readonly ((width: number) => IWidget)[]): IWidget[][] {
  return [
    [new TextWidget({ markdown: `## ${title}`, width: WIDTH, height: 1 })],
    graphs.map((graphOf) => graphOf(WIDTH / graphs.length)),
  ];
}

function graph(title: string, left: readonly IMetric[]) {
  return (width: number): IWidget =>
    new GraphWidget({ title, left: [...left], width, height: HEIGHT, leftYAxis: { min: 0, showUnits: false } });
}
