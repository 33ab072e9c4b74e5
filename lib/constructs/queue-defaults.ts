import { Duration } from 'aws-cdk-lib';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';

/** What every queue has: encryption at rest and in transit, and the longest retention, so that a holiday loses nothing. */
export const QUEUE_DEFAULTS = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.seconds(QUEUE_RETENTION_S),
} as const satisfies QueueProps;
