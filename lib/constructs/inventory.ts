import type { Stack } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/** The resources of a Region that are watched, by name. */
export interface Inventory {
  readonly functions: readonly {
    readonly name: string;
    readonly timeoutSeconds: number;
    /** Its own limit on concurrent executions; undefined: it has none. */
    readonly limit: number | undefined;
  }[];
  /** Queues that a function processes: messages that fail go to a dead-letter queue. */
  readonly workQueues: readonly { readonly name: string; readonly visibilitySeconds: number }[];
  /** Queues that keep failed messages for an operator: they have no dead-letter queue themselves. */
  readonly failureQueues: readonly string[];
  readonly rules: readonly string[];
  /** Tables that the stack creates: not the replicas that it only refers to, except for those of subscribers. */
  readonly tables: readonly string[];
  /** State machines, whose metrics refer to them by ARN. */
  readonly machines: readonly { readonly name: string; readonly arn: string }[];
}

/** Collects the resources of a stack so far, so that new ones are watched without being listed again. */
export function inventoryOf(stack: Stack): Inventory {
  const resources = stack.node.findAll();
  const queues = resources.filter((resource) => resource instanceof CfnQueue);
  return {
    functions: resources
      .filter((resource) => resource instanceof CfnFunction)
      .map((resource) => ({
        name: nameOf(resource.functionName, resource.node.path),
        timeoutSeconds: resource.timeout ?? 3,
        limit: resource.reservedConcurrentExecutions,
      })),
    workQueues: queues
      .filter(({ redrivePolicy }) => redrivePolicy !== undefined)
      .map(({ queueName, node, visibilityTimeout = 30 }) => ({
        name: nameOf(queueName, node.path),
        visibilitySeconds: visibilityTimeout,
      })),
    failureQueues: queues
      .filter(({ redrivePolicy }) => redrivePolicy === undefined)
      .map(({ queueName, node }) => nameOf(queueName, node.path)),
    rules: resources
      .filter((resource) => resource instanceof CfnRule)
      // A schedule has no events to lose.
      .filter(({ scheduleExpression }) => scheduleExpression === undefined)
      .map(({ name, node }) => nameOf(name, node.path)),
    tables: resources
      .filter((resource) => resource instanceof CfnGlobalTable)
      .map(({ tableName, node }) => nameOf(tableName, node.path)),
    machines: resources
      .filter((resource) => resource instanceof CfnStateMachine)
      .map(({ stateMachineName, attrArn, node }) => ({ name: nameOf(stateMachineName, node.path), arn: attrArn })),
  };
}

/** Metrics refer to resources by name, so each resource needs a name that is known before the deploy. */
function nameOf(name: string | undefined, path: string): string {
  if (name === undefined) throw new Error(`Give ${path} a name, from core/names.ts: it cannot be watched without one.`);
  return name;
}
