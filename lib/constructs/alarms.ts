import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';
import { FUNCTIONS, type FunctionId } from '../../core/limits/functions.ts';
import { namesOf, type QueueId } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { inWords } from '../in-words.ts';
import { queueAgeOf, THRESHOLDS, type Threshold } from './alarm-thresholds.ts';
import { globalTablesOf } from './global-table.ts';
import type { Inventory } from './inventory.ts';
import { metricsOf } from './metrics.ts';
import { type Runbook, RunbookAlarm, type RunbookAlarmProps } from './runbook-alarm.ts';

/** Properties of Alarms. */
export interface AlarmsProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The Region's resources to watch. */
  readonly inventory: Inventory;
  /** The event source mappings of `relay`. */
  readonly relayMappings: readonly IEventSourceMapping[];
  /** The topic to notify. */
  readonly topic: ITopic;
}

/** The function in which transactions wait. */
const WAITS: FunctionId = 'turn';

/** Every alarm of a Region. */
export class Alarms extends Construct {
  readonly #config: Config;
  readonly #topic: ITopic;
  readonly #all: RunbookAlarm['alarm'][] = [];

  constructor(scope: Construct, id: string, { config, region, inventory, relayMappings, topic }: AlarmsProps) {
    super(scope, id);
    this.#config = config;
    this.#topic = topic;
    for (const of of inventory.functions) this.#watchFunction(of);
    for (const queue of inventory.workQueues) this.#watchWorkQueue(queue);
    for (const name of inventory.failureQueues) this.#watchFailureQueue(name);
    for (const name of inventory.rules) this.#watchRule(name);
    for (const name of [...globalTablesOf(config), ...inventory.tables]) this.#watchTable(name);
    for (const { name, arn } of inventory.machines) this.#watchMachine(name, arn);
    this.#watchRelay(relayMappings);
    for (const other of config.regions.filter((other) => other !== region)) this.#watchReplication(region, other);
    this.#watchStreams();
    this.#watchConflicts();
    this.#watchCallers();
    if (config.liveUrl) this.#watchLive();
  }

  /** All alarms of the Region, in the order of creation. */
  get all(): readonly RunbookAlarm['alarm'][] {
    return this.#all;
  }

  /** @param id the alarm's name without the deployment's prefix */
  #add(id: string, props: Pick<RunbookAlarmProps, 'means' | 'runbook' | 'metric' | 'threshold'>): void {
    const { name, runbookUrl } = this.#config;
    const alarmName = namesOf(name).alarm(id);
    this.#all.push(new RunbookAlarm(this, id, { ...props, alarmName, runbookUrl, topic: this.#topic }).alarm);
  }

  /** The metrics over the period of a threshold. */
  #metrics({ period }: Threshold) {
    return metricsOf(this.#config.name, period);
  }

  /** A name without the deployment's prefix, which the alarm's name already has. */
  #short(name: string): string {
    return name.slice(this.#config.name.length + 1);
  }

  #watchFunction({ name, timeoutSeconds, limit }: Inventory['functions'][number]): void {
    const { functionErrors, functionThrottles, functionDuration } = THRESHOLDS;
    const short = this.#short(name);
    this.#add(`${short}-errors`, {
      means: `The function ${name} crashes or times out repeatedly.`,
      runbook: 'errors',
      metric: this.#metrics(functionErrors).function(name, 'Errors'),
      threshold: functionErrors,
    });
    // The limit of what waits is there to throttle it. Callers of the others are refused.
    if (short !== WAITS || limit === undefined)
      this.#add(`${short}-throttles`, {
        means: `The function ${name} is not started: ${limit === undefined ? "the account's concurrency in this Region is" : `its ${limit} executions are`} used up.`,
        runbook: 'throttling',
        metric: this.#metrics(functionThrottles).function(name, 'Throttles'),
        threshold: functionThrottles,
      });
    const milliseconds = Math.round(functionDuration.atLeast * timeoutSeconds * 1000);
    this.#add(`${short}-duration`, {
      means: `The function ${name} is close to its timeout of ${timeoutSeconds} s: what it calls is slow.`,
      runbook: 'errors',
      metric: this.#metrics(functionDuration).function(name, 'Duration', Stats.MAXIMUM),
      threshold: { ...functionDuration, atLeast: milliseconds },
    });
  }

  #watchWorkQueue({ name, visibilitySeconds }: Inventory['workQueues'][number]): void {
    const queueAge = queueAgeOf(visibilitySeconds);
    const short = this.#short(name);
    const { why, runbook } = WORK_QUEUES[short] ?? BACKLOG;
    this.#add(`${short}-age`, {
      means: `Messages wait in ${name} for more than ${inWords(queueAge.atLeast)}: ${why}.`,
      runbook,
      metric: this.#metrics(queueAge).queue(name, 'ApproximateAgeOfOldestMessage'),
      threshold: queueAge,
    });
  }

  #watchFailureQueue(name: string): void {
    const { failedMessages, failedMessageAge, arrivals, expiring } = THRESHOLDS;
    const short = this.#short(name);
    const { what, runbook, isOpen = false } = FAILURE_QUEUES[short] ?? FAILED_MESSAGES;
    if (isOpen) {
      this.#add(`${short}-depth`, {
        means: `${name} has received ${what}.`,
        runbook,
        metric: this.#metrics(arrivals).queueGrowth(name),
        threshold: arrivals,
      });
      this.#add(`${short}-age`, {
        means: `Messages in ${name} are deleted in ${inWords(QUEUE_RETENTION_S - failedMessageAge.atLeast)}: the queue keeps them for ${inWords(QUEUE_RETENTION_S)}.`,
        runbook,
        metric: this.#metrics(expiring).queueAgeCrosses(name, failedMessageAge.atLeast),
        threshold: expiring,
      });
      return;
    }
    this.#add(`${short}-depth`, {
      means: `${name} holds ${what}.`,
      runbook,
      metric: this.#metrics(failedMessages).queue(name, 'ApproximateNumberOfMessagesVisible'),
      threshold: failedMessages,
    });
    this.#add(`${short}-age`, {
      means: `Messages in ${name} are deleted in ${inWords(QUEUE_RETENTION_S - failedMessageAge.atLeast)} or less: the queue keeps them for ${inWords(QUEUE_RETENTION_S)}.`,
      runbook,
      metric: this.#metrics(failedMessageAge).queue(name, 'ApproximateAgeOfOldestMessage'),
      threshold: failedMessageAge,
    });
  }

  #watchRule(name: string): void {
    const { ruleFailures } = THRESHOLDS;
    this.#add(`${this.#short(name)}-lost`, {
      means: `Events of the rule ${name} reached neither its target nor a dead-letter queue.`,
      runbook: 'republish-after-an-outage',
      metric: this.#metrics(ruleFailures).ruleLosses(name),
      threshold: ruleFailures,
    });
  }

  #watchTable(name: string): void {
    const { tableThrottles, tableErrors } = THRESHOLDS;
    this.#add(`table-${this.#short(name)}-throttles`, {
      means: `DynamoDB throttles ${name}: a hot key, or a limit of the table or the account.`,
      runbook: 'throttling',
      metric: this.#metrics(tableThrottles).tableThrottles(name),
      threshold: tableThrottles,
    });
    this.#add(`table-${this.#short(name)}-errors`, {
      means: `Requests to ${name} fail with errors inside DynamoDB.`,
      runbook: 'throttling',
      metric: this.#metrics(tableErrors).tableErrors(name),
      threshold: tableErrors,
    });
  }

  #watchMachine(name: string, arn: string): void {
    const { machineFailures, machineThrottles } = THRESHOLDS;
    const short = this.#short(name);
    this.#add(`machine-${short}-failures`, {
      means: `Executions of ${name} fail or time out repeatedly: recovery has to finish their transactions.`,
      runbook: 'stuck-transactions',
      metric: this.#metrics(machineFailures).machineFailures(arn),
      threshold: machineFailures,
    });
    this.#add(`machine-${short}-throttles`, {
      means: `Step Functions throttles ${name}: transactions over several Regions are delayed.`,
      runbook: 'throttling',
      metric: this.#metrics(machineThrottles).machine(arn, 'ExecutionThrottled'),
      threshold: machineThrottles,
    });
  }

  #watchRelay(mappings: readonly IEventSourceMapping[]): void {
    const relay = namesOf(this.#config.name).function('relay');
    const { streamAge, relaySilent, relayGaveUp, publishFailed } = THRESHOLDS;
    this.#add('relay-stream-age', {
      means: `Commits or decisions wait in a table stream for more than ${inWords(streamAge.atLeast / 1000)}: subscribers and views get them late.`,
      runbook: 'backlog',
      metric: this.#metrics(streamAge).function(relay, 'IteratorAge', Stats.MAXIMUM),
      threshold: streamAge,
    });
    this.#add('relay-silent', {
      means:
        'Commits are written here, but relay does not even try to publish them: check whether its event source mapping is disabled.',
      runbook: 'backlog',
      metric: this.#metrics(relaySilent).relaySilent(),
      threshold: relaySilent,
    });
    this.#add('relay-gave-up', {
      means:
        'relay gave up on commits or decisions: they are not on the bus; those that could be saved are in the failure bucket.',
      runbook: 'republish-after-an-outage',
      metric: this.#metrics(relayGaveUp).givenUp(mappings.map(({ eventSourceMappingId }) => eventSourceMappingId)),
      threshold: relayGaveUp,
    });
    this.#add('publish-failed', {
      means: `The bus has refused events for a quarter of an hour; relay tries again for ${inWords(FUNCTIONS.relay.stream.maxAgeS)}.`,
      runbook: 'republish-after-an-outage',
      metric: this.#metrics(publishFailed).own('PublishFailed'),
      threshold: publishFailed,
    });
  }

  #watchReplication(region: string, other: string): void {
    const { replicationLatency } = THRESHOLDS;
    this.#add(`replication-${other}`, {
      means: `Commits of ${region} take more than ${inWords(replicationLatency.atLeast / 1000)} to reach ${other}.`,
      runbook: 'replication',
      metric: this.#metrics(replicationLatency).replicationLatency(other),
      threshold: replicationLatency,
    });
  }

  /** Functions that report a failed request in a response do not crash, so AWS's metric `Errors` does not count it. */
  #watchCallers(): void {
    const { functionFailures, urlFailures } = THRESHOLDS;
    for (const [id, metricName, what] of FAILURES)
      this.#add(`${id}-failed`, {
        means: `${what} fail repeatedly with a status of 500 or more; their senders are not at fault.`,
        runbook: 'failed-requests',
        metric: this.#metrics(functionFailures).own(metricName),
        threshold: functionFailures,
      });
    this.#add('api-5xx', {
      means: `At least ${urlFailures.atLeast} % of the requests to the API's URL get a status of 500 or more, those included that never reach its code.`,
      runbook: 'failed-requests',
      metric: this.#metrics(urlFailures).urlFailures(namesOf(this.#config.name).function('api')),
      threshold: urlFailures,
    });
  }

  /** What this Region itself reports. A health check that fails on its way here raises no alarm. */
  #watchLive(): void {
    const { urlFailures } = THRESHOLDS;
    this.#add('live-5xx', {
      means: `At least ${urlFailures.atLeast} % of those who ask whether this Region lives get a status of 500 or more: its table does not respond in time.`,
      runbook: 'ingress',
      metric: this.#metrics(urlFailures).urlFailures(namesOf(this.#config.name).function('live')),
      threshold: urlFailures,
    });
  }

  #watchConflicts(): void {
    const { openConflictAge, openConflicts, conflictsOpened } = THRESHOLDS;
    this.#add('conflicts-age', {
      means: `A conflict has been open for more than ${inWords(openConflictAge.atLeast / 1000)}: no later event has decided between its sides.`,
      runbook: 'conflicts',
      metric: this.#metrics(openConflictAge).own('OpenConflictAge', Stats.MAXIMUM),
      threshold: openConflictAge,
    });
    this.#add('conflicts-open', {
      means: `At least ${openConflicts.atLeast} conflicts are open.`,
      runbook: 'conflicts',
      metric: this.#metrics(openConflicts).own('OpenConflicts', Stats.MAXIMUM),
      threshold: openConflicts,
    });
    this.#add('conflicts-opened', {
      means: `At least ${conflictsOpened.atLeast} open conflicts are announced here in five minutes, repeatedly: two Regions write to the same streams without seeing each other.`,
      runbook: 'conflicts',
      metric: this.#metrics(conflictsOpened).own('ConflictOpen'),
      threshold: conflictsOpened,
    });
  }

  #watchStreams(): void {
    const { hiddenCommitAge, quorumMissing, waitingAge, clockAhead, idReused, snapshotFailed } = THRESHOLDS;
    this.#add('hidden-commits', {
      means: `A commit has been hidden for more than ${inWords(hiddenCommitAge.atLeast / 1000)}: a commit that it depends on has not arrived.`,
      runbook: 'hidden-commits',
      metric: this.#metrics(hiddenCommitAge).own('HiddenCommitAge', Stats.MAXIMUM),
      threshold: hiddenCommitAge,
    });
    if (this.#config.strongTypes.length > 0)
      this.#add('quorum-missing', {
        means: 'Strong streams cannot be used here: no majority of the Regions answers, or their table fails.',
        runbook: 'quorum',
        metric: this.#metrics(quorumMissing).own('QuorumMissing'),
        threshold: quorumMissing,
      });
    this.#add('waiting-events', {
      means: `A subscriber's event has waited for its predecessor for more than ${inWords(waitingAge.atLeast / 1000)}: that is lost or in the dead-letter queue.`,
      runbook: 'poison-events',
      metric: this.#metrics(waitingAge).own('WaitingAge', Stats.MAXIMUM),
      threshold: waitingAge,
    });
    this.#add('clock-ahead', {
      means: "Stamps are a second or more ahead of this Region's clock: one Region's clock is wrong.",
      runbook: 'clock',
      metric: this.#metrics(clockAhead).own('ClockAhead', Stats.MAXIMUM),
      threshold: clockAhead,
    });
    this.#add('id-reused', {
      means: 'A client used one id for two requests: only one of them takes effect.',
      runbook: 'reused-ids',
      metric: this.#metrics(idReused).own('IdReused'),
      threshold: idReused,
    });
    this.#add('snapshot-failed', {
      means: 'Snapshots have not been written for a quarter of an hour: long streams are read from their start.',
      runbook: 'errors',
      metric: this.#metrics(snapshotFailed).own('SnapshotFailed'),
      threshold: snapshotFailed,
    });
  }
}

const FAILURES = [
  ['api', 'ApiFailed', 'Requests to the API, or envelopes in them'],
  ['command', 'CommandFailed', 'Requests that other Regions pass on'],
  ['operate', 'OperateFailed', 'Actions of operators'],
] as const satisfies readonly (readonly [FunctionId, string, string])[];

interface WorkQueue {
  readonly why: string;
  readonly runbook: Runbook;
}

const BACKLOG: WorkQueue = { why: 'its function cannot keep up', runbook: 'backlog' };

/**
 * What it means if messages wait in a queue, by the queue's name without the prefix; for any other queue
 * {@link BACKLOG}.
 */
const WORK_QUEUES: Readonly<Record<string, WorkQueue>> = {
  resolver: { why: 'transactions past their deadline stay undecided', runbook: 'stuck-transactions' },
} satisfies Partial<Record<QueueId, WorkQueue>>;

interface FailureQueue {
  readonly what: string;
  readonly runbook: Runbook;
  /** Whether anyone who may use the bus can fill it: its alarms then report arrivals, and are over by themselves. @default false */
  readonly isOpen?: boolean;
}

const FAILED_MESSAGES: FailureQueue = { what: 'messages that failed at every attempt', runbook: 'poison-events' };

/**
 * What a queue of failed messages holds, by the queue's name without the prefix; any other queue has
 * {@link FAILED_MESSAGES}.
 */
const FAILURE_QUEUES: Readonly<Record<string, FailureQueue>> = {
  quarantine: {
    what: "producers' messages that could not be read or processed, and entries that the bus refused",
    runbook: 'poison-events',
    isOpen: true,
  },
  'projection-dead-letter': {
    what: 'streams whose rows in views, or whose listed conflicts, stay out of date',
    runbook: 'rebuild-views',
  },
  'resolver-dead-letter': {
    what: `work of transactions that could not be finished in about ${inWords(FUNCTIONS.resolver.queue.maxReceives * FUNCTIONS.resolver.queue.visibilityS)}`,
    runbook: 'stuck-transactions',
  },
  'forwarding-dead-letter': {
    what: 'events that did not reach another Region: its subscribers miss them',
    runbook: 'republish-after-an-outage',
  },
} satisfies Partial<Record<QueueId, FailureQueue>>;
