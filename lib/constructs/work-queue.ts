import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Effect, Grant, type IRole, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { QueueLimits } from '../../core/limits/functions.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';
import { queueDefaults } from './queue-defaults.ts';

/** Properties of WorkQueue. */
export interface WorkQueueProps {
  /** The deployment. */
  readonly config: Config;
  /** The queue's name. */
  readonly queueName: string;
  /**
   * How the queue feeds its function: how long a message is hidden while it is processed, and how often it is received.
   */
  readonly limits: QueueLimits;
  /** The queue for messages that failed at every attempt. */
  readonly deadLetters: IQueue;
}

/**
 * A queue that a function processes. Its function believes its messages, so the queue denies `sqs:SendMessage` to all
 * but the rules and roles that feed it, whatever their own permissions are, and to the roles that move dead letters
 * back. SQS itself moves messages to the dead-letter queue without this permission.
 */
export class WorkQueue extends Queue {
  readonly #roles: string[];
  readonly #rules: string[] = [];

  constructor(scope: Construct, id: string, { config, queueName, limits, deadLetters }: WorkQueueProps) {
    const { visibilityS, maxReceives } = limits;
    super(scope, id, {
      ...queueDefaults(scope),
      queueName,
      visibilityTimeout: Duration.seconds(visibilityS),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: maxReceives },
    });
    this.#roles = config.redriveRoles.map((resourceName) =>
      Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'role', resourceName }),
    );
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyItsFeedersSend',
        effect: Effect.DENY,
        principals: [new StarPrincipal()],
        actions: ['sqs:SendMessage'],
        resources: [this.queueArn],
        conditions: {
          // Both keys have to differ for the denial. A role's request has no source, and a rule's has no role; a missing key
          // differs, too.
          ArnNotLike: Lazy.any({
            produce: () => ({
              ...(this.#roles.length > 0 && { 'aws:PrincipalArn': this.#roles }),
              ...(this.#rules.length > 0 && { 'aws:SourceArn': this.#rules }),
            }),
          }),
        },
      }),
    );
  }

  /** Lets a role send messages to the queue. */
  grantSend(role: IRole): void {
    this.#roles.push(role.roleArn);
    Grant.addToPrincipal({ grantee: role, actions: ['sqs:SendMessage'], resourceArns: [this.queueArn] });
    Encryption.of(this).grant(role, 'send');
  }

  /** Leaves rules out of the denial. @param arns the ARNs of the rules, which may not exist yet */
  acceptFrom(arns: readonly string[]): void {
    this.#rules.push(...arns);
  }
}
