import { Grant } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { MeridianFunction } from './meridian-function.ts';

/** Properties of QueueConsumer. */
export interface QueueConsumerProps {
  /** The queue. */
  readonly queue: IQueue;
  /** The function that works on its messages. */
  readonly consumer: MeridianFunction;
  /** How many batches it works on at once, at most. */
  readonly maxConcurrency: number;
}

/** Feeds a function with a queue's messages; those that it reports as failed come again, the others of the batch do not. */
export class QueueConsumer extends Construct {
  constructor(scope: Construct, id: string, { queue, consumer, maxConcurrency }: QueueConsumerProps) {
    super(scope, id);
    Grant.addToPrincipal({
      grantee: consumer.role,
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      resourceArns: [queue.queueArn],
    });
    new EventSourceMapping(this, 'Mapping', {
      target: consumer.function,
      eventSourceArn: queue.queueArn,
      // The most that Lambda takes without waiting for more: under load batches are full, otherwise nothing is held up.
      batchSize: 10,
      maxConcurrency,
      reportBatchItemFailures: true,
    });
  }
}
