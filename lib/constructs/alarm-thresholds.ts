import { Duration } from 'aws-cdk-lib';
import { CLOCK_AHEAD_MS, FIRST_EVENT_WAIT_MS, QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';

/** When an alarm goes off: at `atLeast` or more in `datapoints` of the last `of` periods. */
export interface Threshold {
  /** In the unit of the metric. */
  readonly atLeast: number;
  /** What one datapoint sums up. */
  readonly period: Duration;
  readonly datapoints: number;
  readonly of: number;
}

const minute = Duration.minutes(1);
const fiveMinutes = Duration.minutes(5);
const once = { period: fiveMinutes, datapoints: 1, of: 1 };
const again = { period: fiveMinutes, datapoints: 2, of: 3 };

/** Every threshold of the alarms, and why it is what it is. */
export const THRESHOLDS = {
  /** One message is one too many: nothing takes it out of there but an operator. */
  failedMessages: { ...once, atLeast: 1 },
  /** Seconds. What is left of the time that a queue keeps messages has to suffice to save them. */
  failedMessageAge: { ...once, atLeast: QUEUE_RETENTION_S - 4 * 24 * 60 * 60 },
  /** Seconds. More than one visibility timeout late, so that a single retry wakes nobody up. */
  queueAge: { period: minute, datapoints: 3, of: 3, atLeast: 10 * 60 },
  /** Milliseconds. Subscribers that begin in the middle of a log wait for so long; `relay` gives up on a record much later. */
  streamAge: { period: minute, datapoints: 3, of: 3, atLeast: FIRST_EVENT_WAIT_MS },
  /** True: commits were written here for a quarter of an hour, and none of them was published. */
  relaySilent: { period: fiveMinutes, datapoints: 3, of: 3, atLeast: 1 },
  /** Records given up are out of the stream: nothing brings them again by itself. */
  relayGaveUp: { ...once, atLeast: 1 },
  /** A single crash is retried and does no harm; one more within a quarter of an hour is a fault that stays. */
  functionErrors: { ...again, atLeast: 1 },
  /** Throttled invocations are retried too, as long as it passes. */
  functionThrottles: { ...again, atLeast: 1 },
  /** A share of the function's timeout. Beyond it the next slow call ends in the middle of a batch. */
  functionDuration: { ...again, atLeast: 0.8 },
  /** On-demand tables throttle for moments while they grow; what goes on longer is a hot key or a limit of the account. */
  tableThrottles: { ...again, atLeast: 10 },
  /** The SDK tries again; several in a row are an incident at AWS. */
  tableErrors: { ...again, atLeast: 5 },
  /** What one execution leaves, recovery finishes within its deadline and 30 s; again and again is a fault that stays. */
  machineFailures: { ...again, atLeast: 1 },
  /** Step Functions tries again by itself, as long as it passes. */
  machineThrottles: { ...again, atLeast: 1 },
  /** Milliseconds. Replication takes about a second; readers that wait with If-At-Least give up after CATCH_UP_MS. */
  replicationLatency: { period: minute, datapoints: 5, of: 5, atLeast: 30_000 },
  /** Each is an event that its target never gets. */
  ruleFailures: { ...once, atLeast: 1 },
  /** Milliseconds. What a commit depends on follows within seconds, unless it was lost or replication stands still. */
  hiddenCommitAge: { ...once, atLeast: 10 * 60 * 1000 },
  /** Milliseconds. AWS keeps clocks within one: twice what is reported is a broken clock and not a slow one. */
  clockAhead: { ...once, atLeast: 2 * CLOCK_AHEAD_MS },
  /** One is a client that uses an id for two requests: in one of two Regions its request does not count. */
  idReused: { ...once, atLeast: 1 },
  /** Entries are tried again for hours: minutes of it pass by themselves. */
  publishFailed: { period: fiveMinutes, datapoints: 3, of: 3, atLeast: 1 },
  /** Without one a load is only slower; for a quarter of an hour it is a fault that stays. */
  snapshotFailed: { period: fiveMinutes, datapoints: 3, of: 3, atLeast: 1 },
} as const satisfies Readonly<Record<string, Threshold>>;
