import { Stack, Validations } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { EventBus as EventBusTarget } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import { forwardPattern } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import { toEventPattern } from './event-pattern.ts';
import { QUEUE_DEFAULTS } from './queue-defaults.ts';

/** Properties of Forwarding. */
export interface ForwardingProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** This Region's bus. */
  readonly bus: EventBus;
}

/**
 * Forwards the events written here to every other Region's bus. An event has its Region of origin in `detail`, which forwarding
 * does not change (EventBridge does replace the entry's own `region`), so events that arrive are never forwarded again.
 */
export class Forwarding extends Construct {
  constructor(scope: Construct, id: string, { config, region, bus }: ForwardingProps) {
    super(scope, id);
    const names = namesOf(config.name);
    // EventBridge accepts a dead-letter queue in the rule's Region only.
    const deadLetterQueue = new Queue(this, 'DeadLetters', {
      ...QUEUE_DEFAULTS,
      queueName: names.queue('forwarding-dead-letter'),
    });
    Validations.of(deadLetterQueue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'The queue is itself the dead-letter queue of the forwarding rules.',
    });
    const others = config.regions.filter((candidate) => candidate !== region);
    const ruleNameOf = (other: string) => names.rule(`forward-${other}`);
    const role = new Role(this, 'Role', {
      roleName: names.role(region, 'forward'),
      // EventBridge serves all accounts, so it may assume this role only for these rules of this account. The rules are
      // referred to by name, because each of them refers to the role.
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
          ArnEquals: {
            'aws:SourceArn': others.map((other) =>
              Stack.of(this).formatArn({
                service: 'events',
                resource: 'rule',
                resourceName: `${names.bus}/${ruleNameOf(other)}`,
              }),
            ),
          },
        },
      }),
    });
    for (const other of others) {
      const eventBusArn = Stack.of(this).formatArn({
        service: 'events',
        region: other,
        resource: 'event-bus',
        resourceName: names.bus,
      });
      new Rule(this, `To-${other}`, {
        ruleName: ruleNameOf(other),
        description: `Events written in ${region}, to ${other}`,
        eventBus: bus,
        eventPattern: toEventPattern(forwardPattern(region)),
        targets: [
          new EventBusTarget(EventBus.fromEventBusArn(this, `Bus-${other}`, eventBusArn), { role, deadLetterQueue }),
        ],
      });
    }
  }
}
