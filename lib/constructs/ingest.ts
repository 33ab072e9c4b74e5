import { Grant, type IGrantable, type IRole } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import { namesOf } from '../../core/names.ts';
import { ingestPattern } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import type { Bus } from './bus.ts';
import type { Command } from './command.ts';
import { Encryption } from './encryption.ts';
import { MeridianFunction } from './meridian-function.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { queueDefaults } from './queue-defaults.ts';
import { QueueRules } from './queue-rules.ts';
import { grantTransacting, type Transacting } from './transacting.ts';
import { WorkQueue } from './work-queue.ts';

/** Properties of Ingest. */
export interface IngestProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The resources for appends and transactions. */
  readonly transacting: Transacting;
  /** This Region's bus: appends, commands and transactions come from it, outcomes go to it. */
  readonly bus: Bus;
  /** The command functions of the other Regions. */
  readonly command: Command;
}

/**
 * Processes the entries that producers put on the bus: they wait in a queue for the function, and those that cannot be processed
 * are quarantined.
 */
export class Ingest extends Construct {
  readonly queue: WorkQueue;
  readonly quarantine: Queue;

  constructor(scope: Construct, id: string, { config, region, transacting, bus, command }: IngestProps) {
    super(scope, id);
    const names = namesOf(config.name);
    this.quarantine = new Queue(this, 'Quarantine', { ...queueDefaults(this), queueName: names.queue('quarantine') });
    this.queue = new WorkQueue(this, 'Queue', {
      config,
      queueName: names.queue('ingest'),
      limits: FUNCTIONS.ingest.queue,
      deadLetters: this.quarantine,
    });
    new QueueRules(this, 'Rules', {
      config,
      ruleId: 'ingest',
      description: 'Appends, commands and transactions of producers, to the ingest queue',
      pattern: ingestPattern,
      bus: bus.bus,
      queue: this.queue,
      // An event that EventBridge cannot deliver to the queue is quarantined rather than lost.
      undelivered: this.quarantine,
    });
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'ingest',
      description: 'Processes the events, commands and transactions that producers put on the bus',
      environment: {
        ...transacting.environment,
        COMMAND_FUNCTION: names.function('command'),
        BUS_NAME: names.bus,
        QUARANTINE_QUEUE_URL: this.quarantine.queueUrl,
        INGEST_QUEUE_URL: this.queue.queueUrl,
      },
      // A message that was not tried returns to the queue. Lambda would take it for a runaway loop after about 16 times.
      sendsToItself: true,
    });
    grantTransacting(consumer.role, transacting);
    bus.grantPublish(consumer.role);
    command.grantInvokeElsewhere(consumer.role);
    this.grantQuarantine(consumer.role);
    this.queue.grantSend(consumer.role);
    new QueueConsumer(this, 'Consumer', { queue: this.queue, consumer, limits: FUNCTIONS.ingest.queue });
  }

  /** Lets a role send messages to the quarantine. */
  grantQuarantine(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['sqs:SendMessage'], resourceArns: [this.quarantine.queueArn] });
    Encryption.of(this).grant(grantee, 'send');
  }

  /** Lets a role read the quarantine, add to it, and return messages to the queue that `ingest` reads. */
  grantRedrive(role: IRole): void {
    Grant.addToPrincipal({
      grantee: role,
      actions: ['sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      resourceArns: [this.quarantine.queueArn],
    });
    Encryption.of(this).grant(role, 'receive');
    this.grantQuarantine(role);
    this.queue.grantSend(role);
  }
}
