import { Stack } from 'aws-cdk-lib';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { namesOf, type RuleId } from '../../core/names.ts';
import type { EventPattern } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import { splitPattern, toEventPattern } from './event-pattern.ts';
import type { WorkQueue } from './work-queue.ts';

/** Properties of QueueRules. */
export interface QueueRulesProps {
  /** The deployment. */
  readonly config: Config;
  /** The rule's short name. */
  readonly ruleId: RuleId;
  /** The rule's description in the console. */
  readonly description: string;
  /** The events. */
  readonly pattern: EventPattern;
  /** The bus. */
  readonly bus: EventBus;
  /** The queue. */
  readonly queue: WorkQueue;
  /** The queue for events that EventBridge cannot deliver. @default they are lost */
  readonly undelivered?: Queue;
}

/** The rule that sends events of a bus to a queue; several rules if the pattern is too long for one. */
export class QueueRules extends Construct {
  constructor(scope: Construct, id: string, props: QueueRulesProps) {
    super(scope, id);
    const { config, ruleId, description, pattern, bus, queue, undelivered } = props;
    const names = namesOf(config.name);
    const parts = splitPattern(pattern);
    // The policies refer to the rules by name, so that they are in place before the first event.
    const arns = parts.map(({ part }) =>
      Stack.of(this).formatArn({
        service: 'events',
        resource: 'rule',
        resourceName: `${names.bus}/${names.rule(ruleId, part)}`,
      }),
    );
    for (const target of [queue, ...(undelivered ? [undelivered] : [])])
      target.addToResourcePolicy(
        new PolicyStatement({
          principals: [new ServicePrincipal('events.amazonaws.com')],
          actions: ['sqs:SendMessage'],
          resources: [target.queueArn],
          conditions: { ArnEquals: { 'aws:SourceArn': arns } },
        }),
      );
    queue.acceptFrom(arns);
    let next: Rule | undefined;
    // The highest part first: a part that is added takes over types of a lower one, which must select them until then.
    for (const { part, pattern: own } of parts.toReversed()) {
      const rule: Rule = new Rule(this, part === 1 ? 'Rule' : `Rule${part}`, {
        ruleName: names.rule(ruleId, part),
        description,
        eventBus: bus,
        eventPattern: toEventPattern(own),
      });
      rule.addTarget({
        bind: () => ({
          arn: queue.queueArn,
          ...(undelivered && { deadLetterConfig: { arn: undelivered.queueArn } }),
        }),
      });
      rule.node.addDependency(queue, ...(undelivered ? [undelivered] : []), ...(next ? [next] : []));
      next = rule;
    }
  }
}
