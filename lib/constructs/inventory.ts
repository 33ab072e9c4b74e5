import type { Stack } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';

/** What of a Region is watched, by name. */
export interface Inventory {
  readonly functions: readonly { readonly name: string; readonly timeoutSeconds: number }[];
  /** Those that a function works on: what it cannot do goes to a dead-letter queue. */
  readonly workQueues: readonly string[];
  /** Those that keep what has failed until somebody looks: they have no dead-letter queue of their own. */
  readonly failureQueues: readonly string[];
  readonly rules: readonly string[];
  /** Those that the stack makes. */
  readonly tables: readonly string[];
  /** Metrics go by their ARNs. */
  readonly machines: readonly { readonly name: string; readonly arn: string }[];
}

/** Reads what is in a stack so far, so that what is added to it is watched without being named once more. */
export function inventoryOf(stack: Stack): Inventory {
  const resources = stack.node.findAll();
  const queues = resources.filter((resource) => resource instanceof CfnQueue);
  return {
    functions: resources
      .filter((resource) => resource instanceof CfnFunction)
      .map((resource) => ({
        name: nameOf(resource.functionName, resource.node.path),
        timeoutSeconds: resource.timeout ?? 3,
      })),
    workQueues: queues
      .filter(({ redrivePolicy }) => redrivePolicy !== undefined)
      .map(({ queueName, node }) => nameOf(queueName, node.path)),
    failureQueues: queues
      .filter(({ redrivePolicy }) => redrivePolicy === undefined)
      .map(({ queueName, node }) => nameOf(queueName, node.path)),
    rules: resources.filter((resource) => resource instanceof CfnRule).map(({ name, node }) => nameOf(name, node.path)),
    tables: resources
      .filter((resource) => resource instanceof CfnGlobalTable)
      .map(({ tableName, node }) => nameOf(tableName, node.path)),
    machines: resources
      .filter((resource) => resource instanceof CfnStateMachine)
      .map(({ stateMachineName, attrArn, node }) => ({ name: nameOf(stateMachineName, node.path), arn: attrArn })),
  };
}

/** Metrics go by the names of things, so each needs one that is known before it is deployed. */
function nameOf(name: string | undefined, path: string): string {
  if (name === undefined) throw new Error(`Give ${path} a name, from core/names.ts: it cannot be watched without one.`);
  return name;
}
