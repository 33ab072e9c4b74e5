import { Duration } from 'aws-cdk-lib';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { FUNCTIONS, type QueueConsumerId } from '../../core/limits/functions.ts';
import { QUEUE_DEFAULTS } from './queue-defaults.ts';

/** Properties of WorkQueue. */
export interface WorkQueueProps {
  /** Its name. */
  readonly queueName: string;
  /** The function that works on it: how long a message is hidden from it, and how often it is received, is that function's. */
  readonly consumerId: QueueConsumerId;
  /** Where messages go that failed at every try. */
  readonly deadLetters: IQueue;
}

/** A queue that a function works on. */
export class WorkQueue extends Queue {
  constructor(scope: Construct, id: string, { queueName, consumerId, deadLetters }: WorkQueueProps) {
    const { visibilityS, maxReceives } = FUNCTIONS[consumerId].queue;
    super(scope, id, {
      ...QUEUE_DEFAULTS,
      queueName,
      visibilityTimeout: Duration.seconds(visibilityS),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: maxReceives },
    });
  }
}
