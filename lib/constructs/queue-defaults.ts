import { Duration } from 'aws-cdk-lib';
import { QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';

/**
 * The properties of every queue: encryption at rest and in transit, and the longest retention, so that nothing is lost over a
 * holiday.
 */
export const QUEUE_DEFAULTS = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  retentionPeriod: Duration.seconds(QUEUE_RETENTION_S),
} as const satisfies QueueProps;
