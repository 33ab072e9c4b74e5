import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import type { MetricName } from '../../../core/index.ts';
import { instrument } from '../../../lambdas/instrument.ts';
import { powertools } from '../../../lambdas/powertools.ts';
import { context } from '../../lambdas/invocation.ts';
import { aSubscriber, firstRegionOf, synthesize } from '../synthesize.ts';
import type { TemplateReader } from '../template.ts';

const metricSchema = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.unknown() })).default([]),
});
const alarmSchema = z.looseObject({
  AlarmName: z.string(),
  AlarmDescription: z.string(),
  AlarmActions: z.array(z.unknown()),
  OKActions: z.array(z.unknown()),
  TreatMissingData: z.string(),
  Threshold: z.number(),
  EvaluationPeriods: z.number(),
  Metrics: z
    .array(z.object({ MetricStat: z.object({ Metric: metricSchema }).optional(), Expression: z.string().optional() }))
    .default([]),
});
type AlarmProperties = z.output<typeof alarmSchema>;

let region: TemplateReader;
let alarms: AlarmProperties[];
let mailed: TemplateReader;
beforeAll(() => {
  region = firstRegionOf(synthesize({ subscribers: { subscriber: aSubscriber } }));
  mailed = firstRegionOf(synthesize({ context: { name: 'trial', alarmEmail: 'ops@example.com' } }));
  alarms = alarmsOf(region);
});

function alarmsOf(reader: TemplateReader): AlarmProperties[] {
  return reader.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => alarmSchema.parse(Properties));
}

/** Every metric that an alarm uses, as `Namespace MetricName Dimension=value …`. */
function watchedBy({ Metrics, ...alarm }: AlarmProperties): string[] {
  const alone = metricSchema.safeParse(alarm);
  const metrics = [
    ...(alone.success ? [alone.data] : []),
    ...Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])),
  ];
  return metrics.map(({ Namespace, MetricName, Dimensions }) =>
    [Namespace, MetricName, ...Dimensions.map(({ Name, Value }) => `${Name}=${region.text(Value)}`).sort()].join(' '),
  );
}
function watching(metric: string): AlarmProperties[] {
  return alarms.filter((alarm) => watchedBy(alarm).includes(metric));
}
function namesOf(type: string, property: string): string[] {
  return region.ofType(type).map(({ Properties }) => z.string().parse(Properties[property]));
}

describe('every alarm', () => {
  it('says what it means, and names an existing runbook', () => {
    for (const { AlarmName, AlarmDescription } of alarms) {
      const [, means = '', page = ''] =
        /^(.+[.?]) What to do: node_modules\/@meridian-es\/meridian\/(docs\/runbooks\/[a-z-]+\.md)$/.exec(
          AlarmDescription,
        ) ?? [];
      expect(means.length, AlarmName).toBeGreaterThan(30);
      expect(existsSync(page), `${AlarmName}: ${page}`).toBe(true);
    }
  });

  it('notifies the topic when it goes off, and when it is over', () => {
    for (const { AlarmName, AlarmActions, OKActions } of alarms)
      for (const actions of [AlarmActions, OKActions])
        expect(
          actions.map((action) => region.text(action)),
          AlarmName,
        ).toEqual(['Topic(meridian-alarms)']);
  });

  it('does not go off in an idle Region: an idle table reports no replication latency', () => {
    for (const { AlarmName, TreatMissingData } of alarms) expect(TreatMissingData, AlarmName).toBe('notBreaching');
  });

  it('has a unique name that depends on the prefix only', () => {
    const names = alarms.map(({ AlarmName }) => AlarmName);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^meridian-[a-z0-9-]+$/);
    for (const { AlarmName } of alarmsOf(mailed)) expect(AlarmName).toMatch(/^trial-/);
  });
});

describe('nothing is forgotten:', () => {
  it('every function has alarms for errors, throttles and time', () => {
    const functions = namesOf('AWS::Lambda::Function', 'FunctionName');
    expect(functions.length).toBeGreaterThan(5);
    for (const name of functions)
      for (const metric of ['Errors', 'Throttles', 'Duration'])
        expect(watching(`AWS/Lambda ${metric} FunctionName=${name}`), `${name} ${metric}`).toHaveLength(1);
  });

  it('what waits has no alarm for throttles if it has a limit of its own, which throttles are the purpose of', () => {
    const limited = alarmsOf(
      firstRegionOf(synthesize({ context: { turnConcurrency: 20 }, subscribers: { subscriber: aSubscriber } })),
    );
    const absent = alarms.filter(({ AlarmName }) => !limited.some((alarm) => alarm.AlarmName === AlarmName));
    expect(absent.map(({ AlarmName }) => AlarmName)).toEqual(['meridian-turn-throttles']);
    const refused = alarms.find(({ AlarmName }) => AlarmName === 'meridian-api-throttles');
    expect(refused?.AlarmDescription).toContain('its 500 executions are used up');
  });

  it('a function is reported before its own timeout ends it', () => {
    for (const { Properties } of region.ofType('AWS::Lambda::Function')) {
      const { FunctionName, Timeout } = z.object({ FunctionName: z.string(), Timeout: z.number() }).parse(Properties);
      const [alarm] = watching(`AWS/Lambda Duration FunctionName=${FunctionName}`);
      expect(alarm?.Threshold, FunctionName).toBe(Timeout * 800);
    }
  });

  it('requests that fail without a fault of their sender raise an alarm, in each function that answers callers', () => {
    for (const metric of ['ApiFailed', 'CommandFailed', 'OperateFailed'])
      expect(watching(`meridian ${metric} service=meridian`), metric).toMatchObject([
        { Threshold: 1, EvaluationPeriods: 3, AlarmDescription: expect.stringContaining('/failed-requests.md') },
      ]);
  });

  it("the share of the API's responses with a status of 500 or more raises an alarm, even if its code never runs", () => {
    for (const metric of ['Url5xxCount', 'UrlRequestCount'])
      expect(watching(`AWS/Lambda ${metric} FunctionName=meridian-api`), metric).toMatchObject([
        { AlarmName: 'meridian-api-5xx', Threshold: 5 },
      ]);
  });

  it('every queue of failed messages has alarms for depth, and for messages that are about to be deleted', () => {
    const redrive = z.object({ deadLetterTargetArn: z.unknown() });
    const targets = z.array(z.object({ DeadLetterConfig: z.object({ Arn: z.unknown() }).optional() }));
    const dead = new Set([
      ...region.ofType('AWS::SQS::Queue').flatMap(({ Properties }) => {
        const policy = redrive.safeParse(Properties.RedrivePolicy);
        return policy.success ? [region.text(policy.data.deadLetterTargetArn)] : [];
      }),
      ...region
        .ofType('AWS::Events::Rule')
        .flatMap(({ Properties }) => targets.parse(Properties.Targets))
        .flatMap(({ DeadLetterConfig }) => (DeadLetterConfig ? [region.text(DeadLetterConfig.Arn)] : [])),
    ]);
    expect(dead.size).toBeGreaterThan(2);
    for (const queue of dead) {
      // A queue of another stack is named by its ARN.
      const name = /([a-z-]+)\)?$/.exec(queue)?.[1] ?? expect.fail(queue);
      const [depth, ...more] = watching(`AWS/SQS ApproximateNumberOfMessagesVisible QueueName=${name}`);
      expect(more).toEqual([]);
      if (name === 'meridian-quarantine') continue;
      expect(depth, name).toMatchObject({ Threshold: 1, EvaluationPeriods: 1 });
      const [age] = watching(`AWS/SQS ApproximateAgeOfOldestMessage QueueName=${name}`);
      const { MessageRetentionPeriod } = region.named('AWS::SQS::Queue', name).Properties;
      expect(age?.Threshold, name).toBeLessThan(Number(MessageRetentionPeriod));
    }
  });

  it('the quarantine, which any producer can fill, has alarms that are over while the message is still there', () => {
    const expressionsOf = (metric: string) =>
      watching(`AWS/SQS ${metric} QueueName=meridian-quarantine`).flatMap(({ Metrics }) =>
        Metrics.flatMap(({ Expression }) => Expression ?? []),
      );
    // A depth that stays the same differs by 0 from that of the period before.
    expect(expressionsOf('ApproximateNumberOfMessagesVisible')).toEqual(['DIFF(FILL(depth, REPEAT))']);
    const [, from = '', until = ''] =
      /^IF\(age >= (\d+) AND age < (\d+), 1, 0\)$/.exec(
        expressionsOf('ApproximateAgeOfOldestMessage')[0] ?? expect.fail('no expression'),
      ) ?? [];
    const day = 24 * 60 * 60;
    expect([Number(from), Number(until)]).toEqual([10 * day, 10.25 * day]);
  });

  it('every queue has an alarm for age', () => {
    for (const name of namesOf('AWS::SQS::Queue', 'QueueName'))
      expect(watching(`AWS/SQS ApproximateAgeOfOldestMessage QueueName=${name}`), name).toHaveLength(1);
  });

  it('every rule has an alarm for lost events, on its own bus', () => {
    // A schedule is on no bus: if its function fails, the function's alarms say it.
    const rules = namesOf('AWS::Events::Rule', 'Name').filter((name) => name !== 'meridian-conflicts-count');
    expect(rules.length).toBeGreaterThan(3);
    for (const name of rules)
      for (const metric of ['FailedInvocations', 'InvocationsFailedToBeSentToDlq'])
        expect(watching(`AWS/Events ${metric} EventBusName=meridian RuleName=${name}`), name).toHaveLength(1);
  });

  it('every table, including the global tables, has alarms for throttling and for errors', () => {
    for (const name of [
      'meridian-events',
      'meridian-transactions',
      ...namesOf('AWS::DynamoDB::GlobalTable', 'TableName'),
    ]) {
      for (const metric of ['ReadThrottleEvents', 'WriteThrottleEvents'])
        expect(watching(`AWS/DynamoDB ${metric} TableName=${name}`), name).toHaveLength(1);
      for (const operation of ['PutItem', 'Query', 'TransactWriteItems'])
        expect(watching(`AWS/DynamoDB SystemErrors Operation=${operation} TableName=${name}`), name).toHaveLength(1);
    }
  });

  it('every function that reads a stream has an alarm for its age', () => {
    const readers = region
      .ofType('AWS::Lambda::EventSourceMapping')
      .filter(({ Properties }) => 'StartingPosition' in Properties)
      .map(({ Properties }) => region.text(Properties.FunctionName).replace(/^Function\((.*)\)$/, '$1'));
    expect(readers).toContain('meridian-relay');
    for (const name of readers) expect(watching(`AWS/Lambda IteratorAge FunctionName=${name}`), name).toHaveLength(1);
  });

  it('every state machine has alarms for failed executions, and for throttles', () => {
    const machines = namesOf('AWS::StepFunctions::StateMachine', 'StateMachineName');
    expect(machines).toEqual(['meridian-transactions']);
    for (const name of machines)
      for (const metric of ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionThrottled'])
        expect(watching(`AWS/States ${metric} StateMachineArn=StateMachine(${name})`), metric).toHaveLength(1);
  });

  it('alarms for unfinished transactions link to a separate page', () => {
    for (const name of ['resolver-age', 'resolver-dead-letter-depth', 'machine-transactions-failures'])
      expect(alarms.find(({ AlarmName }) => AlarmName === `meridian-${name}`)?.AlarmDescription).toContain(
        'docs/runbooks/stuck-transactions.md',
      );
  });

  it('replication to every other Region has one alarm, on the events table', () => {
    const latency = 'AWS/DynamoDB ReplicationLatency';
    expect(alarms.flatMap(watchedBy).filter((metric) => metric.startsWith(latency))).toEqual(
      ['us-east-2', 'us-west-2'].map((other) => `${latency} ReceivingRegion=${other} TableName=meridian-events`),
    );
  });

  it('relay has alarms for the records that it discards, as its mappings count them', () => {
    const [alarm] = watching('AWS/Lambda DroppedEventCount EventSourceMappingUUID=EventSourceMapping()');
    expect(alarm?.Metrics.filter(({ MetricStat }) => MetricStat)).toHaveLength(3 * 2);
    for (const metric of ['OnFailureDestinationDeliveredEventCount', 'DroppedEventCount'])
      expect(watching(`AWS/Lambda ${metric} EventSourceMappingUUID=EventSourceMapping()`), metric).toHaveLength(1);
  });
});

describe("the functions' own metrics", () => {
  const watched: readonly MetricName[] = [
    'HiddenCommitAge',
    'WaitingAge',
    'ClockAhead',
    'IdReused',
    'PublishFailed',
    'SnapshotFailed',
    'ApiFailed',
    'CommandFailed',
    'OperateFailed',
    'ConflictOpen',
    'OpenConflicts',
    'OpenConflictAge',
  ];
  const emfSchema = z.looseObject({
    _aws: z.object({
      CloudWatchMetrics: z.array(
        z.object({
          Namespace: z.string(),
          Dimensions: z.array(z.array(z.string())),
          Metrics: z.array(z.object({ Name: z.string() })),
        }),
      ),
    }),
  });

  /** The metrics that Powertools writes for CloudWatch, as alarms have to name them. */
  const emitted = async (names: readonly MetricName[]): Promise<string[]> => {
    const lines: string[] = [];
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
    const { metric, ...telemetry } = powertools('meridian');
    await instrument(telemetry, async () => {
      for (const name of names) metric(name, 'Count', 1);
    })({}, context);
    spy.mockRestore();
    return lines.flatMap((line) => {
      const emf = emfSchema.safeParse(JSON.parse(line));
      if (!emf.success) return [];
      return emf.data._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
        Metrics.flatMap(({ Name }) =>
          Dimensions.map((keys) => [Namespace, Name, ...keys.map((key) => `${key}=${emf.data[key]}`).sort()].join(' ')),
        ),
      );
    });
  };

  it('have alarms with exactly the namespace and the dimensions that they are sent with', async () => {
    const sent = await emitted(watched);
    expect(sent).toHaveLength(watched.length);
    for (const metric of sent) expect(watching(metric).length, metric).toBeGreaterThan(0);
  });

  it('are named in alarms exactly as they are sent', async () => {
    const own = alarms.flatMap(watchedBy).filter((metric) => metric.startsWith('meridian '));
    const sent = await emitted([...watched, 'Appended', 'Published']);
    expect(new Set(own)).toEqual(new Set(sent));
  });
});

describe('the topic of the alarms', () => {
  const statements = (reader: TemplateReader, type: string, property: string) => {
    const [resource] = reader.ofType(type);
    return z.object({ Statement: z.array(z.looseObject({})) }).parse(resource?.Properties[property]).Statement;
  };
  const fromAlarms = {
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } }, ArnLike: expect.anything() },
  };

  it('is encrypted with a key that alarms may use: alarms cannot use the AWS managed key', () => {
    const [topic] = region.ofType('AWS::SNS::Topic');
    expect(region.text(topic?.Properties.KmsMasterKeyId)).toBe('Key()');
    expect(statements(region, 'AWS::KMS::Key', 'KeyPolicy')).toContainEqual(
      expect.objectContaining({ ...fromAlarms, Action: ['kms:Decrypt', 'kms:GenerateDataKey*'] }),
    );
  });

  it('accepts messages from the alarms of its deployment, over TLS', () => {
    const policy = statements(region, 'AWS::SNS::TopicPolicy', 'PolicyDocument');
    expect(policy).toContainEqual(expect.objectContaining({ ...fromAlarms, Action: 'sns:Publish', Effect: 'Allow' }));
    expect(policy).toContainEqual(
      expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
    );
    expect(policy).toHaveLength(2);
  });

  it('sends mails only if an address is given', () => {
    expect(region.ofType('AWS::SNS::Subscription')).toEqual([]);
    const [subscription, ...more] = mailed.ofType('AWS::SNS::Subscription');
    expect(more).toEqual([]);
    expect(subscription?.Properties).toMatchObject({ Protocol: 'email', Endpoint: 'ops@example.com' });
  });
});
