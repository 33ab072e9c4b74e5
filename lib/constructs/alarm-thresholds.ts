import { Duration } from 'aws-cdk-lib';
import {
  CLOCK_AHEAD_MS,
  CONFLICTS_COUNT_S,
  FIRST_EVENT_WAIT_MS,
  QUEUE_RETENTION_S,
} from '../../core/limits/budgets.ts';

/** When an alarm goes off: at `atLeast` or more in `datapoints` of the last `of` periods. */
export interface Threshold {
  /** The threshold, in the unit of the metric. */
  readonly atLeast: number;
  /** The period of one datapoint. */
  readonly period: Duration;
  readonly datapoints: number;
  readonly of: number;
}

const minute = Duration.minutes(1);
const fiveMinutes = Duration.minutes(5);
const once = { period: fiveMinutes, datapoints: 1, of: 1 };
/** Two periods, because a count may come a little late. */
const counted = { period: Duration.seconds(CONFLICTS_COUNT_S), datapoints: 1, of: 2 };
const again = { period: fiveMinutes, datapoints: 2, of: 3 };

/** The thresholds of all alarms, with their reasons. */
export const THRESHOLDS = {
  /** A single message raises the alarm: only an operator can remove it. */
  failedMessages: { ...once, atLeast: 1 },
  /** More messages than a period before. Over after a quarter of an hour, so that one bad message hides no later one. */
  arrivals: { period: fiveMinutes, datapoints: 1, of: 3, atLeast: 1 },
  /** The metric is 1 for some hours after a message has reached the age of `failedMessageAge`. */
  expiring: { ...once, atLeast: 1 },
  /** Seconds. The rest of the queue's retention must leave time to save the messages. */
  failedMessageAge: { ...once, atLeast: QUEUE_RETENTION_S - 4 * 24 * 60 * 60 },
  /** Seconds. The minimum: a queue with a long visibility timeout has a higher threshold, see {@link queueAgeOf}. */
  queueAge: { period: minute, datapoints: 3, of: 3, atLeast: 10 * 60 },
  /**
   * Milliseconds. A subscriber that starts in the middle of a log waits as long for earlier events; `relay` discards a
   * record much later.
   */
  streamAge: { period: minute, datapoints: 3, of: 3, atLeast: FIRST_EVENT_WAIT_MS },
  /** The metric is 1 while commits are written here but none is published. */
  relaySilent: { period: fiveMinutes, datapoints: 3, of: 3, atLeast: 1 },
  /** Discarded records have left the stream: nothing redelivers them automatically. */
  relayGaveUp: { ...once, atLeast: 1 },
  /** A single crash is retried and does no harm; a second one within 15 minutes is a lasting fault. */
  functionErrors: { ...again, atLeast: 1 },
  /** A function reports requests that failed without a fault of their sender; its callers retry, so a single one does no harm. */
  functionFailures: { ...again, atLeast: 1 },
  /** Percent of the requests to the API's URL, so that a few failures among many need no action, and one of one does. */
  urlFailures: { ...again, atLeast: 5 },
  /** Throttled invocations are retried too, so short throttling does no harm. */
  functionThrottles: { ...again, atLeast: 1 },
  /** A fraction of the function's timeout. Beyond it, the next slow call would time out in the middle of a batch. */
  functionDuration: { ...again, atLeast: 0.8 },
  /** On-demand tables throttle briefly while they scale; longer throttling means a hot key or a limit of the account. */
  tableThrottles: { ...again, atLeast: 10 },
  /** The SDK retries; several failures in a row mean an incident at AWS. */
  tableErrors: { ...again, atLeast: 5 },
  /** Recovery finishes the work of a failed execution within its deadline and 30 s; repeated failures are a lasting fault. */
  machineFailures: { ...again, atLeast: 1 },
  /** Step Functions retries by itself, so short throttling does no harm. */
  machineThrottles: { ...again, atLeast: 1 },
  /** Milliseconds. Replication takes about a second; readers that wait with If-At-Least give up after CATCH_UP_MS. */
  replicationLatency: { period: minute, datapoints: 5, of: 5, atLeast: 30_000 },
  /** Each failure is an event that its target never gets. */
  ruleFailures: { ...once, atLeast: 1 },
  /**
   * Milliseconds. The commits that a commit depends on arrive within seconds, unless they were lost or replication has stopped.
   */
  hiddenCommitAge: { ...once, atLeast: 10 * 60 * 1000 },
  /** Requests refused, and streams that projection could not read and tries again every minute. A single slow call counts, too. */
  quorumMissing: { period: fiveMinutes, datapoints: 2, of: 3, atLeast: 2 },
  /**
   * Milliseconds. Longer than an event that fails is tried: its own message is in the dead-letter queue by then, or lost on the
   * bus. Events that wait report it every WAITING_MS, so some of the periods have no datapoint.
   */
  waitingAge: { period: fiveMinutes, datapoints: 1, of: 3, atLeast: 60 * 60 * 1000 },
  /** Milliseconds. AWS keeps clocks within one millisecond: a lead this large means a broken clock. */
  clockAhead: { ...once, atLeast: 2 * CLOCK_AHEAD_MS },
  /** A client has used one id for two different requests, so one of them has no effect. */
  idReused: { ...once, atLeast: 1 },
  /**
   * Milliseconds. A conflict is open until a later event that has seen both sides changes what they disagree about: that may take a
   * working day, but not several. Counted every quarter of an hour.
   */
  openConflictAge: { ...counted, atLeast: 48 * 60 * 60 * 1000 },
  /** More than someone looks through by hand. At most MAX_COUNTED_CONFLICTS are counted. */
  openConflicts: { ...counted, atLeast: 100 },
  /** Conflicts announced as open. A few are usual; this many mean a client that writes to two Regions, or a cut link. */
  conflictsOpened: { ...again, atLeast: 100 },
  /** Entries are retried for hours: a few minutes of failures need no action. */
  publishFailed: { period: fiveMinutes, datapoints: 3, of: 3, atLeast: 1 },
  /** A missing snapshot only slows a load down; failures for 15 minutes are a lasting fault. */
  snapshotFailed: { period: fiveMinutes, datapoints: 3, of: 3, atLeast: 1 },
} as const satisfies Readonly<Record<string, Threshold>>;

/** The threshold of a queue's age: four minutes more than one visibility timeout, so that a single retry raises no alarm. */
export function queueAgeOf(visibilitySeconds: number): Threshold {
  const { queueAge } = THRESHOLDS;
  return { ...queueAge, atLeast: Math.max(queueAge.atLeast, visibilitySeconds + 4 * 60) };
}
