import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, type MetricProps, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { namesOf } from '../../core/names.ts';

/** The operations that appends, reads and views wait for: DynamoDB counts its errors by operation. */
const OPERATIONS = ['PutItem', 'UpdateItem', 'Query', 'BatchGetItem', 'TransactWriteItems'] as const;

/** How long an alarm reports that a queue's oldest message has reached an age, in seconds. */
const EXPIRING_S = 6 * 60 * 60;

/**
 * The metrics of a deployment in one Region, for alarms and dashboards. AWS sends most metrics only when something
 * happens; in sums, a missing value counts as 0. @param prefix the deployment's name @param period the period of one
 * datapoint
 */
export function metricsOf(prefix: string, period: Duration) {
  const names = namesOf(prefix);
  const metric = (props: MetricProps) => new Metric({ period, ...props });
  const sumOf = (name: string, parts: readonly Metric[]) => {
    // Ids must be unique within a graph.
    const idOf = (i: number) => `${name.replace(/[-.]/g, '_')}_${i}`;
    return new MathExpression({
      label: name,
      period,
      expression: parts.map((_, i) => `FILL(${idOf(i)}, 0)`).join(' + '),
      usingMetrics: Object.fromEntries(parts.map((part, i) => [idOf(i), part])),
    });
  };
  const own = (metricName: string, statistic: string = Stats.SUM) =>
    metric({ namespace: prefix, metricName, statistic, dimensionsMap: { service: prefix }, label: metricName });
  const table = (tableName: string, metricName: string, dimensions: Readonly<Record<string, string>> = {}) =>
    metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      statistic: Stats.SUM,
      dimensionsMap: { TableName: tableName, ...dimensions },
      label: `${tableName} ${metricName}`,
    });
  const machine = (arn: string, metricName: string, statistic: string = Stats.SUM) =>
    metric({
      namespace: 'AWS/States',
      metricName,
      statistic,
      dimensionsMap: { StateMachineArn: arn },
      label: metricName,
    });
  const rule = (ruleName: string, metricName: string) =>
    metric({
      namespace: 'AWS/Events',
      metricName,
      statistic: Stats.SUM,
      // Both dimensions are needed, because a rule's name alone refers to the default bus.
      dimensionsMap: { EventBusName: names.bus, RuleName: ruleName },
      label: ruleName,
    });
  const queue = (queueName: string, metricName: string) =>
    metric({
      namespace: 'AWS/SQS',
      metricName,
      statistic: Stats.MAXIMUM,
      dimensionsMap: { QueueName: queueName },
      label: queueName,
    });
  return {
    /** A metric that the functions send: `MetricName` in core/ports/runtime.ts. */
    own,
    /** Such a metric for each stream type that has sent it. */
    byType: (metricName: string) =>
      new MathExpression({
        label: '',
        period,
        expression: `SEARCH('{${prefix},service,type} MetricName="${metricName}"', 'Sum')`,
        usingMetrics: {},
      }),
    function: (functionName: string, metricName: string, statistic: string = Stats.SUM) =>
      metric({
        namespace: 'AWS/Lambda',
        metricName,
        statistic,
        dimensionsMap: { FunctionName: functionName },
        label: functionName,
      }),
    /** The percentage of the requests to a function's URL that got a status of 500 or more; none without requests. */
    urlFailures: (functionName: string) => {
      const of = (metricName: string) =>
        metric({
          namespace: 'AWS/Lambda',
          metricName,
          statistic: Stats.SUM,
          dimensionsMap: { FunctionName: functionName },
          label: metricName,
        });
      return new MathExpression({
        label: `${functionName} 5xx, %`,
        period,
        expression: '100 * FILL(failed, 0) / requests',
        usingMetrics: { failed: of('Url5xxCount'), requests: of('UrlRequestCount') },
      });
    },
    /** Records that mappings discarded, whether or not they could be saved. */
    givenUp: (mappingIds: readonly string[]) =>
      sumOf(
        'given-up',
        mappingIds.flatMap((mappingId) =>
          ['OnFailureDestinationDeliveredEventCount', 'DroppedEventCount'].map((metricName) =>
            metric({
              namespace: 'AWS/Lambda',
              metricName,
              statistic: Stats.SUM,
              dimensionsMap: { EventSourceMappingUUID: mappingId },
              label: metricName,
            }),
          ),
        ),
      ),
    machine,
    /** Executions that ended before their last step. */
    machineFailures: (arn: string) =>
      sumOf(
        'executions',
        ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'].map((metricName) => machine(arn, metricName)),
      ),
    queue,
    /** How many more messages a queue has than one period before. */
    queueGrowth: (queueName: string) =>
      new MathExpression({
        label: `more in ${queueName}`,
        period,
        expression: 'DIFF(FILL(depth, REPEAT))',
        usingMetrics: { depth: queue(queueName, 'ApproximateNumberOfMessagesVisible') },
      }),
    /** 1 in the hours after the oldest message of a queue has reached an age, in seconds. */
    queueAgeCrosses: (queueName: string, age: number) =>
      new MathExpression({
        label: `expiring in ${queueName}`,
        period,
        expression: `IF(age >= ${age} AND age < ${age + EXPIRING_S}, 1, 0)`,
        usingMetrics: { age: queue(queueName, 'ApproximateAgeOfOldestMessage') },
      }),
    rule,
    /** Events that reached neither a rule's target nor its dead-letter queue. */
    ruleLosses: (ruleName: string) =>
      sumOf(ruleName, [rule(ruleName, 'FailedInvocations'), rule(ruleName, 'InvocationsFailedToBeSentToDlq')]),
    table,
    tableThrottles: (tableName: string) =>
      sumOf(tableName, [table(tableName, 'ReadThrottleEvents'), table(tableName, 'WriteThrottleEvents')]),
    tableErrors: (tableName: string) =>
      sumOf(
        tableName,
        OPERATIONS.map((Operation) => table(tableName, 'SystemErrors', { Operation })),
      ),
    /** Measured in the Region that sends. An idle table has no data. */
    replicationLatency: (receiver: string) =>
      metric({
        namespace: 'AWS/DynamoDB',
        metricName: 'ReplicationLatency',
        statistic: Stats.AVERAGE,
        dimensionsMap: { TableName: names.eventsTable, ReceivingRegion: receiver },
        label: `to ${receiver}`,
      }),
    /**
     * 1 while commits and intents are written here but relay handles no records: relay reports the number published for each
     * batch, even 0.
     */
    relaySilent: () =>
      new MathExpression({
        label: 'relay is silent',
        period,
        expression: 'IF(FILL(appended, 0) > 0 AND FILL(batches, 0) == 0, 1, 0)',
        usingMetrics: { appended: own('Appended'), batches: own('Published').with({ statistic: Stats.SAMPLE_COUNT }) },
      }),
  };
}
