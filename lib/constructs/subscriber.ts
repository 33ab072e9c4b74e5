import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { QueueConsumerId } from '../../core/limits/functions.ts';
import { EXPIRES, namesOf, PARTITION_KEY, SORT_KEY, type SubscribeFrom } from '../../core/names.ts';
import { subscriptionPattern } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import { toEventPattern } from './event-pattern.ts';
import { MeridianFunction } from './meridian-function.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { QUEUE_DEFAULTS } from './queue-defaults.ts';
import { removalPolicyOf } from './removal-policy.ts';
import { WorkQueue } from './work-queue.ts';

/** What a subscriber hears of, and which function handles it. */
export interface Subscription {
  /** Which function handles the events; its queue, rule and table are named after it. */
  readonly functionId: QueueConsumerId;
  /**
   * The stream types to hear of, one or more. There is no choosing by the events' types: each event's predecessor in its log
   * has to come too, so the function passes over what it has no use for.
   */
  readonly streamTypes: readonly string[];
  /**
   * The Regions whose events to hear of. With the stack's own Region alone, each event is handled in one Region.
   * @default every Region's, so that each event is handled in every Region
   */
  readonly writtenIn?: readonly string[];
  /**
   * Where a log begins that nothing of was handled yet: see `From` in core/delivery/subscriber.ts.
   * @default beginning: nothing is ever passed over
   */
  readonly from?: SubscribeFrom;
}

/** Properties of Subscriber. */
export interface SubscriberProps extends Subscription {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** This Region's bus. It carries the events of every Region. */
  readonly bus: EventBus;
}

/** Takes events from the bus: rule, queue and function, with a table for what was handled and what the handling adds up. */
export class Subscriber extends Construct {
  /** What could not be handled, or waited for its predecessor, for close to an hour; and what did not reach the queue. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: SubscriberProps) {
    super(scope, id);
    const { config, region, functionId, bus, streamTypes, writtenIn, from = 'beginning' } = props;
    const names = namesOf(config.name);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...QUEUE_DEFAULTS,
      queueName: names.queue(`${functionId}-dead-letter`),
    });
    const queue = new WorkQueue(this, 'Queue', {
      queueName: names.queue(functionId),
      consumerId: functionId,
      deadLetters: this.deadLetters,
    });
    new Rule(this, 'Rule', {
      ruleName: names.rule(functionId),
      description: `Events of ${streamTypes.join(', ')}, to the queue of ${functionId}`,
      eventBus: bus,
      eventPattern: toEventPattern(subscriptionPattern(streamTypes, writtenIn)),
      targets: [new SqsQueue(queue, { deadLetterQueue: this.deadLetters })],
    });
    const table = new TableV2(this, 'Table', {
      tableName: names.subscriberTable(functionId),
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      timeToLiveAttribute: EXPIRES,
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !config.ephemeral,
      removalPolicy: removalPolicyOf(config.ephemeral),
    });
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId,
      description: `Handles events of ${streamTypes.join(', ')}, each once and in the order of its log`,
      environment: { SUBSCRIBER_TABLE: table.tableName, SUBSCRIBE_FROM: from },
    });
    // Put and update also inside TransactWriteItems.
    table.grant(consumer.role, 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
    new QueueConsumer(this, 'Consumer', { queue, consumer, consumerId: functionId });
  }
}
