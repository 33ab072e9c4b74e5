import type { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, type MetricProps, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { namesOf } from '../../core/names.ts';

/** The operations that appends, reads and views wait for: DynamoDB counts its errors by operation. */
const OPERATIONS = ['PutItem', 'UpdateItem', 'Query', 'BatchGetItem', 'TransactWriteItems'] as const;

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
    const idOf = (i: number) => `${name.replaceAll('-', '_')}_${i}`;
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
  return {
    /** A metric that the functions send: `MetricName` in core/ports/runtime.ts. */
    own,
    function: (functionName: string, metricName: string, statistic: string = Stats.SUM) =>
      metric({
        namespace: 'AWS/Lambda',
        metricName,
        statistic,
        dimensionsMap: { FunctionName: functionName },
        label: functionName,
      }),
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
    queue: (queueName: string, metricName: string) =>
      metric({
        namespace: 'AWS/SQS',
        metricName,
        statistic: Stats.MAXIMUM,
        dimensionsMap: { QueueName: queueName },
        label: queueName,
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
