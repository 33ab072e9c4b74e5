import { Stack } from 'aws-cdk-lib';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { EventBus as EventBusTarget } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import { forwardPattern } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import { toEventPattern } from './event-pattern.ts';
import { forwardRulesOf } from './forward-rules.ts';

/** Properties of Forwarding. */
export interface ForwardingProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
}

/**
 * Forwards the events written here to every other Region's bus. An event has its Region of origin in `detail`, which forwarding
 * does not change (EventBridge does replace the entry's own `region`), so events that arrive are never forwarded again.
 */
export class Forwarding extends Construct {
  constructor(scope: Construct, id: string, { config, region }: ForwardingProps) {
    super(scope, id);
    const names = namesOf(config.name);
    const stack = Stack.of(this);
    const rules = forwardRulesOf(this, config, region);
    const bus = EventBus.fromEventBusName(this, 'Bus', names.bus);
    const deadLetterQueue = Queue.fromQueueArn(
      this,
      'DeadLetters',
      stack.formatArn({ service: 'sqs', resource: names.queue('forwarding-dead-letter') }),
    );
    const role = new Role(this, 'Role', {
      roleName: names.role(region, 'forward'),
      // EventBridge serves all accounts, so it may assume this role only for these rules of this account.
      assumedBy: new ServicePrincipal('events.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnEquals: { 'aws:SourceArn': rules.map(({ arn }) => arn) },
        },
      }),
    });
    for (const { to, ruleName } of rules) {
      const eventBusArn = stack.formatArn({
        service: 'events',
        region: to,
        resource: 'event-bus',
        resourceName: names.bus,
      });
      new Rule(this, `To-${to}`, {
        ruleName,
        description: `Events written in ${region}, to ${to}`,
        eventBus: bus,
        eventPattern: toEventPattern(forwardPattern(region)),
        targets: [
          new EventBusTarget(EventBus.fromEventBusArn(this, `Bus-${to}`, eventBusArn), { role, deadLetterQueue }),
        ],
      });
    }
  }
}
