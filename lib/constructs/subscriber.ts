import { AttributeType, type ITable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { EXPIRES, namesOf, PARTITION_KEY, SORT_KEY } from '../../core/names.ts';
import type { Subscription } from '../../core/wire/subscription.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import type { MeridianFunction } from './meridian-function.ts';
import { type Granting, OwnFunction, type OwnFunctionScope } from './own-function.ts';
import type { PlacementReplica } from './placement-replica.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { queueDefaults } from './queue-defaults.ts';
import { QueueRules } from './queue-rules.ts';
import { removalPolicyOf } from './removal-policy.ts';
import { tableBilling } from './table-billing.ts';
import { WorkQueue } from './work-queue.ts';

/** Properties of Subscriber. */
export interface SubscriberProps extends OwnFunctionScope {
  /** The subscriber's definition and its function. */
  readonly subscription: Subscription & Granting;
  /** Where homes are written. */
  readonly placement: PlacementReplica;
}

/**
 * A subscriber's rule, queue and function, and the table for its progress and its sums. If the subscriber is named to a Region, the table is in
 * the global stack, since all Regions have to see what was handled.
 */
export class Subscriber extends Construct {
  /**
   * Holds messages that have failed for nearly an hour, and events that could not be delivered to the queue.
   */
  readonly deadLetters: Queue;
  readonly function: MeridianFunction;

  constructor(scope: Construct, id: string, { subscription, placement, ...scoped }: SubscriberProps) {
    super(scope, id);
    const { config, region, bus } = scoped;
    const { name, limits, from, hasTable, home, what, patternIn } = subscription;
    const names = namesOf(config.name);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...queueDefaults(this),
      queueName: names.deadLetterQueue(name),
    });
    const queue = new WorkQueue(this, 'Queue', {
      config,
      queueName: names.queue(name),
      limits: limits.queue,
      deadLetters: this.deadLetters,
    });
    new QueueRules(this, 'Rules', {
      config,
      ruleId: name,
      // A description has at most 512 characters.
      description: `To the queue of ${name}: ${what}`.slice(0, 512),
      pattern: patternIn(region),
      bus: bus.bus,
      queue,
      undelivered: this.deadLetters,
    });
    const table = hasTable ? this.#table(names.subscriberTable(name), subscription, config) : undefined;
    const consumer = new OwnFunction(this, 'Consumer', {
      ...scoped,
      own: subscription,
      description: `Handles ${what}`.slice(0, 256),
      tells: {
        SUBSCRIBER: name,
        SUBSCRIBE_FROM: from,
        SUBSCRIBER_QUEUE_URL: queue.queueUrl,
        ...(table && { SUBSCRIBER_TABLE: table.tableName }),
        ...(home !== undefined && { SUBSCRIBER_HOME: home, PLACEMENT_TABLE: names.placementTable }),
      },
      // An event that waits for its predecessor returns to the queue. Lambda would take it for a runaway loop after about 16 times.
      sendsToItself: true,
    });
    this.function = consumer.function;
    queue.grantSend(this.function.role);
    if (table) {
      // TransactWriteItems also needs the permissions to put and to update. The places of all Regions are read by a query.
      const reads = home === undefined ? ['dynamodb:GetItem', 'dynamodb:Query'] : ['dynamodb:Query'];
      table.grant(this.function.role, ...reads, 'dynamodb:PutItem', 'dynamodb:UpdateItem');
      Encryption.of(this).grant(this.function.role, 'table');
    }
    if (home !== undefined) placement.grantRead(this.function.role);
    new QueueConsumer(this, 'Mapping', { queue, consumer: this.function, limits: limits.queue });
  }

  #table(tableName: string, { home }: Subscription, config: Config): Pick<ITable, 'tableName' | 'grant'> {
    if (home !== undefined) return TableV2.fromTableName(this, 'Table', tableName);
    const { ephemeral } = config;
    return new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: PARTITION_KEY, type: AttributeType.STRING },
      sortKey: { name: SORT_KEY, type: AttributeType.STRING },
      timeToLiveAttribute: EXPIRES,
      billing: tableBilling(config),
      encryption: Encryption.of(this).table(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: !ephemeral,
      removalPolicy: removalPolicyOf(ephemeral),
    });
  }
}
