import { Validations } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { forwardRulesOf } from './forward-rules.ts';
import { queueDefaults } from './queue-defaults.ts';

/** Properties of ForwardingDeadLetters. */
export interface ForwardingDeadLettersProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
}

/**
 * Holds the events that the forwarding rules of this Region could not deliver. It is not in their stack, so that deleting that
 * stack loses no event, and the Region's alarms watch it like every other queue.
 */
export class ForwardingDeadLetters extends Construct {
  constructor(scope: Construct, id: string, { config, region }: ForwardingDeadLettersProps) {
    super(scope, id);
    // EventBridge accepts a dead-letter queue in the rule's Region only.
    const queue = new Queue(this, 'DeadLetters', {
      ...queueDefaults(this),
      queueName: namesOf(config.name).queue('forwarding-dead-letter'),
    });
    queue.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('events.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': forwardRulesOf(this, config, region).map(({ arn }) => arn) } },
      }),
    );
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'The queue is itself the dead-letter queue of the forwarding rules.',
    });
  }
}
