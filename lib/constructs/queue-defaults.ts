import { Duration } from 'aws-cdk-lib';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';

/** What every queue has: encryption at rest and in transit, and the longest retention, so that a holiday loses nothing. */
export const QUEUE_DEFAULTS = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.days(14),
} as const satisfies QueueProps;

/** How long a message is hidden while a function works on it: six of its timeouts, as Lambda recommends for its retries. */
export function visibilityTimeoutFor(timeout: Duration): Duration {
  return Duration.seconds(6 * timeout.toSeconds());
}
