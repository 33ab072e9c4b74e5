import type { Duration } from 'aws-cdk-lib';
import { type EventBus, Match, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../names.ts';
import { SOURCE_PREFIX } from './bus.ts';
import { QUEUE_DEFAULTS, visibilityTimeoutFor } from './queue-defaults.ts';

/** Properties of Projection. */
export interface ProjectionProps {
  /** Prefix of the names. */
  readonly name: string;
  /** The Region of the stack. */
  readonly region: string;
  /** This Region's bus. */
  readonly bus: EventBus;
  /** The stream types whose events some view is made of. */
  readonly projectedTypes: readonly string[];
  /** Timeout of the function that consumes the queue. */
  readonly consumerTimeout: Duration;
}

/** What `project` works on: this Region's table stream by `relay` and, ahead of replication, other Regions' events by the bus. */
export class Projection extends Construct {
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { name, region, bus, projectedTypes, consumerTimeout }: ProjectionProps) {
    super(scope, id);
    const names = namesOf(name);
    this.queue = new Queue(this, 'Queue', {
      ...QUEUE_DEFAULTS,
      queueName: names.queue('projection'),
      visibilityTimeout: visibilityTimeoutFor(consumerTimeout),
      // Nine more tries, a visibility timeout of six minutes apart: enough to outlive throttling for close to an hour.
      deadLetterQueue: {
        queue: new Queue(this, 'DeadLetters', { ...QUEUE_DEFAULTS, queueName: names.queue('projection-dead-letter') }),
        maxReceiveCount: 10,
      },
    });
    // A pattern cannot match one of nothing.
    if (projectedTypes.length === 0) return;
    new Rule(this, 'FastPath', {
      ruleName: names.rule('fast-path'),
      description: "Other Regions' events that some view is made of, to the projection queue",
      eventBus: bus,
      eventPattern: {
        source: projectedTypes.map((type) => `${SOURCE_PREFIX}${type}`),
        detail: { meta: { region: Match.anythingBut(region) } },
      },
      // No dead-letter queue: the table brings what the bus loses.
      targets: [new SqsQueue(this.queue)],
    });
  }
}
