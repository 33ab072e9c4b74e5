import type { Duration } from 'aws-cdk-lib';
import { type EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../names.ts';
import { SOURCE_PREFIX } from './bus.ts';
import { QUEUE_DEFAULTS, visibilityTimeoutFor } from './queue-defaults.ts';

/** Properties of Ingress. */
export interface IngressProps {
  /** Prefix of the names. */
  readonly name: string;
  /** This Region's bus. */
  readonly bus: EventBus;
  /** Timeout of the function that consumes the queue. */
  readonly consumerTimeout: Duration;
}

/** The way in by the bus: what producers put waits in a queue for `ingest`, and what cannot be taken in is quarantined. */
export class Ingress extends Construct {
  readonly queue: Queue;
  readonly quarantine: Queue;

  constructor(scope: Construct, id: string, { name, bus, consumerTimeout }: IngressProps) {
    super(scope, id);
    const names = namesOf(name);
    this.quarantine = new Queue(this, 'Quarantine', { ...QUEUE_DEFAULTS, queueName: names.queue('quarantine') });
    this.queue = new Queue(this, 'Queue', {
      ...QUEUE_DEFAULTS,
      queueName: names.queue('ingress'),
      visibilityTimeout: visibilityTimeoutFor(consumerTimeout),
      // Four more tries, a visibility timeout of six minutes apart: a throttled table or an unreachable home Region has
      // 24 minutes to come back.
      deadLetterQueue: { queue: this.quarantine, maxReceiveCount: 5 },
    });
    new Rule(this, 'Rule', {
      ruleName: names.rule('ingress'),
      description: 'Appends, commands and transactions of producers, to the ingress queue',
      eventBus: bus,
      eventPattern: {
        detailType: ['meridian.append', 'meridian.command', 'meridian.transact'],
        source: Match.anythingButPrefix(SOURCE_PREFIX),
      },
      // So that an event that EventBridge could not deliver is in quarantine and not gone.
      targets: [new SqsQueue(this.queue, { deadLetterQueue: this.quarantine })],
    });
  }

  /** Lets a role look into the quarantine, put into it, and drive messages back to the queue that `ingest` reads. */
  grantRedrive(grantee: IGrantable): void {
    Grant.addToPrincipal({
      grantee,
      actions: [
        'sqs:ReceiveMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:SendMessage',
      ],
      resourceArns: [this.quarantine.queueArn],
    });
    Grant.addToPrincipal({ grantee, actions: ['sqs:SendMessage'], resourceArns: [this.queue.queueArn] });
  }
}
