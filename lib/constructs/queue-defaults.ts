import { Duration } from 'aws-cdk-lib';
import type { QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { QUEUE_RETENTION_S } from '../../core/limits/budgets.ts';
import { Encryption } from './encryption.ts';

/**
 * The properties of every queue: encryption at rest and in transit, and the longest retention, so that nothing is lost over a
 * holiday.
 */
export function queueDefaults(scope: Construct): QueueProps {
  return {
    ...Encryption.of(scope).queue,
    enforceSSL: true,
    retentionPeriod: Duration.seconds(QUEUE_RETENTION_S),
  };
}
