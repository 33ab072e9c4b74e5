import { Duration } from 'aws-cdk-lib';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { QueueLimits } from '../../core/limits/functions.ts';
import { QUEUE_DEFAULTS } from './queue-defaults.ts';

/** Properties of WorkQueue. */
export interface WorkQueueProps {
  /** The queue's name. */
  readonly queueName: string;
  /**
   * How the queue feeds its function: how long a message is hidden while it is processed, and how often it is received.
   */
  readonly limits: QueueLimits;
  /** The queue for messages that failed at every attempt. */
  readonly deadLetters: IQueue;
}

/** A queue that a function processes. */
export class WorkQueue extends Queue {
  constructor(scope: Construct, id: string, { queueName, limits, deadLetters }: WorkQueueProps) {
    const { visibilityS, maxReceives } = limits;
    super(scope, id, {
      ...QUEUE_DEFAULTS,
      queueName,
      visibilityTimeout: Duration.seconds(visibilityS),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: maxReceives },
    });
  }
}
