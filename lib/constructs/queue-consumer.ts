import { Duration } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { QueueLimits } from '../../core/limits/functions.ts';
import { Encryption } from './encryption.ts';
import type { MeridianFunction } from './meridian-function.ts';

/** Properties of QueueConsumer. */
export interface QueueConsumerProps {
  /** The queue. */
  readonly queue: IQueue;
  /** The function that processes its messages. */
  readonly consumer: MeridianFunction;
  /** The batch size, the window and the concurrency. */
  readonly limits: QueueLimits;
}

/** Feeds a queue's messages to a function; of a batch, only the messages that it reports as failed are redelivered. */
export class QueueConsumer extends Construct {
  constructor(scope: Construct, id: string, { queue, consumer, limits }: QueueConsumerProps) {
    super(scope, id);
    const { batchSize, windowS, maxConcurrency } = limits;
    Grant.addToPrincipal({
      grantee: consumer.role,
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      resourceArns: [queue.queueArn],
    });
    Encryption.of(this).grant(consumer.role, 'receive');
    new EventSourceMapping(this, 'Mapping', {
      target: consumer.function,
      eventSourceArn: queue.queueArn,
      batchSize,
      ...(windowS > 0 && { maxBatchingWindow: Duration.seconds(windowS) }),
      maxConcurrency,
      reportBatchItemFailures: true,
    });
  }
}
