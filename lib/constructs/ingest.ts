import { Duration } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { namesOf } from '../names.ts';
import type { Bus } from './bus.ts';
import type { Command } from './command.ts';
import { Ingress } from './ingress.ts';
import { MeridianFunction } from './meridian-function.ts';
import { QueueConsumer } from './queue-consumer.ts';
import { grantTransacting, type Transacting } from './transacting.ts';

/** Properties of Ingest. */
export interface IngestProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
  /** What it needs to append and to take transactions in. */
  readonly transacting: Transacting;
  /** This Region's bus: appends, commands and transactions come from it, outcomes go to it. */
  readonly bus: Bus;
  /** The command functions of the other Regions. */
  readonly command: Command;
}

/** Takes in what producers put on the bus. */
export class Ingest extends Construct {
  /** The queue that it reads, and the quarantine. */
  readonly ingress: Ingress;

  constructor(scope: Construct, id: string, { config, region, transacting, bus, command }: IngestProps) {
    super(scope, id);
    // It begins nothing new 10 s after its start; then one call of another Region takes at most 28 s, and the outcome's of
    // the bus, or the quarantine's of its queue, at most 15 s.
    const timeout = Duration.seconds(60);
    this.ingress = new Ingress(this, 'Ingress', { name: config.name, bus: bus.bus, consumerTimeout: timeout });
    const consumer = new MeridianFunction(this, 'Function', {
      config,
      region,
      functionId: 'ingest',
      description: 'Takes in the events, commands and transactions that producers put on the bus',
      environment: {
        ...transacting.environment,
        COMMAND_FUNCTION: namesOf(config.name).function('command'),
        BUS_NAME: namesOf(config.name).bus,
        QUARANTINE_QUEUE_URL: this.ingress.quarantine.queueUrl,
      },
      timeout,
    });
    grantTransacting(consumer.role, transacting);
    bus.grantPublish(consumer.role);
    command.grantInvokeElsewhere(consumer.role);
    Grant.addToPrincipal({
      grantee: consumer.role,
      actions: ['sqs:SendMessage'],
      resourceArns: [this.ingress.quarantine.queueArn],
    });
    // A burst waits in the queue and leaves the account's other functions their share of concurrency.
    new QueueConsumer(this, 'Consumer', { queue: this.ingress.queue, consumer, maxConcurrency: 50 });
  }
}
