import { Duration } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { namesOf } from '../names.ts';
import type { EventsReplica } from './events-replica.ts';
import { MeridianFunction } from './meridian-function.ts';
import type { Participant } from './participant.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { QUEUE_DEFAULTS } from './queue-defaults.ts';
import type { TransactionsReplica } from './transactions-replica.ts';

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

/** Finishes the transactions that their state machine has not: each intent and each busy attempt comes here when it is due. */
export class Resolver extends Construct {
  /** Every message has a delay of its own, until what it names is due. */
  readonly queue: Queue;

  constructor(scope: Construct, id: string, { config, region, events, transactions, participant }: ResolverProps) {
    super(scope, id);
    const names = namesOf(config.name);
    // Short, so that what dies here comes again within the 30 s after its deadline in which it has to be decided. Another
    // Region has 4 s to answer.
    const timeout = Duration.seconds(10);
    this.queue = new Queue(this, 'Queue', {
      ...QUEUE_DEFAULTS,
      queueName: names.queue('resolver'),
      // No longer, as whoever meets the intent is held up until the message comes again.
      visibilityTimeout: timeout,
      // As many as SQS knows, almost three hours of tries: with eventual decisions an intent stays undecided while its deciding Region is lost.
      deadLetterQueue: {
        queue: new Queue(this, 'DeadLetters', { ...QUEUE_DEFAULTS, queueName: names.queue('resolver-dead-letter') }),
        maxReceiveCount: 1000,
      },
    });
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'resolver',
      description: 'Finishes what transactions have left prepared or begun',
      environment: {
        EVENTS_TABLE: names.eventsTable,
        TRANSACTIONS_TABLE: names.transactionsTable,
        DECISIONS: config.decisions,
        PARTICIPANT_FUNCTION: names.function('participant'),
      },
      timeout,
    });
    events.grantFinalise(consumer.role);
    transactions.grantDrive(consumer.role);
    participant.grantInvokeElsewhere(consumer.role);
    // After an outage many are due at once; the account's other functions keep their share of concurrency.
    new QueueConsumer(this, 'Consumer', { queue: this.queue, consumer, maxConcurrency: 20 });
  }

  /** Lets a role send messages to the queue. */
  grantSend(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['sqs:SendMessage'], resourceArns: [this.queue.queueArn] });
  }
}
