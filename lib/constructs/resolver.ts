import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { FUNCTIONS } from '../../core/limits/functions.ts';
import { namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { Participant } from './participant.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { queueDefaults } from './queue-defaults.ts';
import type { TransactionsReplica } from './transactions-replica.ts';
import { WorkQueue } from './work-queue.ts';

/** Properties of Resolver. */
export interface ResolverProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** The event store. */
  readonly events: EventsReplica;
  /** The decisions of transactions. */
  readonly transactions: TransactionsReplica;
  /** The participant functions of the other Regions, which know decisions that are not here yet. */
  readonly participant: Participant;
}

/**
 * Finishes transactions that their state machine has not finished. A message about each intent, and about each attempt
 * to be repeated, arrives when it is due.
 */
export class Resolver extends Construct {
  /** Every message has its own delay, until its intent or attempt is due. */
  readonly queue: WorkQueue;

  constructor(scope: Construct, id: string, { config, region, events, transactions, participant }: ResolverProps) {
    super(scope, id);
    const names = namesOf(config.name);
    this.queue = new WorkQueue(this, 'Queue', {
      config,
      queueName: names.queue('resolver'),
      limits: FUNCTIONS.resolver.queue,
      deadLetters: new Queue(this, 'DeadLetters', {
        ...queueDefaults(this),
        queueName: names.queue('resolver-dead-letter'),
      }),
    });
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'resolver',
      description: 'Finishes transactions that were left unfinished',
      environment: {
        ...events.environment,
        TRANSACTIONS_TABLE: names.transactionsTable,
        DECISIONS: config.decisions,
        PARTICIPANT_FUNCTION: names.function('participant'),
      },
    });
    events.grantFinalise(consumer.role);
    transactions.grantDrive(consumer.role);
    participant.grantInvokeElsewhere(consumer.role);
    new QueueConsumer(this, 'Consumer', { queue: this.queue, consumer, limits: FUNCTIONS.resolver.queue });
  }

  /** Lets a role send messages to the queue. */
  grantSend(role: IRole): void {
    this.queue.grantSend(role);
  }
}
