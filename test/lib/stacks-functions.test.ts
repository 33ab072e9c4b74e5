import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { encodeOperateRequest } from '../../core/wire/operate.ts';
import manifest from '../../package.json' with { type: 'json' };
import { account, fiveRegions, functions } from './stacks-fixture.ts';
import { firstRegionOf, type Synthesized, synthesize } from './synthesize.ts';
import { type Resource, TemplateReader } from './template.ts';

let app: Synthesized;
let five: Synthesized;
let region: TemplateReader;
beforeAll(() => {
  app = synthesize();
  five = synthesize({ context: { ...fiveRegions, turnConcurrency: 20 } });
  region = firstRegionOf(app);
});

describe('the functions', () => {
  const functionOf = (name: string, reader = region) =>
    reader.named('AWS::Lambda::Function', `meridian-${name}`).Properties;
  const timeoutOf = (name: string) => z.number().parse(functionOf(name).Timeout);

  it.each(functions)('%s runs on Node 24 and arm64, is traced and logs to its own group', (name) => {
    expect(functionOf(name)).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogFormat: 'JSON' },
    });
    expect(region.text(functionOf(name).Role)).toBe(`Role(meridian-us-east-1-${name})`);
    expect(region.named('AWS::Logs::LogGroup', `/aws/lambda/meridian-${name}`).Properties).toMatchObject({
      RetentionInDays: 30,
    });
  });

  it('reserve no concurrency, except for what answers callers, and for what waits if that is configured: it also limits them', () => {
    const reservedIn = (reader: TemplateReader) =>
      reader
        .ofType('AWS::Lambda::Function')
        .flatMap(({ Properties: { FunctionName, ReservedConcurrentExecutions: reserved } }) =>
          reserved === undefined ? [] : [[FunctionName, reserved]],
        );
    expect(reservedIn(region)).toEqual([['meridian-api', 500]]);
    expect(reservedIn(firstRegionOf(five))).toEqual([
      ['meridian-turn', 20],
      ['meridian-api', 500],
    ]);
  });

  const variablesOf = (name: string): Record<string, string> => {
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(functionOf(name).Environment);
    return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, region.text(value)]));
  };
  const shared = {
    MERIDIAN_NAME: 'meridian',
    MERIDIAN_REGIONS: 'us-east-1,us-east-2,us-west-2',
    MERIDIAN_LOG: 'us-east-1',
    MERIDIAN_LOGS: 'us-east-1,us-east-2,us-west-2',
    EVENTS_TABLE: 'meridian-events',
    SNAPSHOTS_TABLE: 'meridian-snapshots',
    TRANSACTIONS_TABLE: 'meridian-transactions',
    PLACEMENT_TABLE: 'meridian-placement',
    DECISIONS: 'strong',
  };
  const transacting = {
    ...shared,
    PARTICIPANT_FUNCTION: 'meridian-participant',
    TRANSACTION_MACHINE_ARN: 'StateMachine(meridian-transactions)',
  };
  it.each([
    [
      'ingest',
      {
        ...transacting,
        COMMAND_FUNCTION: 'meridian-command',
        BUS_NAME: 'meridian',
        QUARANTINE_QUEUE_URL: 'Queue(meridian-quarantine)',
        INGEST_QUEUE_URL: 'Queue(meridian-ingest)',
      },
    ],
    [
      'api',
      {
        ...transacting,
        COMMAND_FUNCTION: 'meridian-command',
        VIEWS_TABLE: 'meridian-views',
        CONFLICTS_TABLE: 'meridian-conflicts',
        MERIDIAN_VERSION: manifest.version,
      },
    ],
    ['command', transacting],
    ['participant', { ...shared, PARTICIPANT_FUNCTION: 'meridian-participant' }],
    ['turn', { ...shared, PARTICIPANT_FUNCTION: 'meridian-participant', TURN_FUNCTION: 'meridian-turn' }],
    [
      'coordinate',
      {
        MERIDIAN_NAME: 'meridian',
        EVENTS_TABLE: 'meridian-events',
        TRANSACTIONS_TABLE: 'meridian-transactions',
        PLACEMENT_TABLE: 'meridian-placement',
        DECISIONS: 'strong',
      },
    ],
    [
      'resolver',
      {
        MERIDIAN_NAME: 'meridian',
        EVENTS_TABLE: 'meridian-events',
        TRANSACTIONS_TABLE: 'meridian-transactions',
        DECISIONS: 'strong',
        PARTICIPANT_FUNCTION: 'meridian-participant',
      },
    ],
    [
      'relay',
      {
        MERIDIAN_NAME: 'meridian',
        BUS_NAME: 'meridian',
        PROJECTION_QUEUE_URL: 'Queue(meridian-projection)',
        RESOLVER_QUEUE_URL: 'Queue(meridian-resolver)',
        QUARANTINE_QUEUE_URL: 'Queue(meridian-quarantine)',
        VIEWS_TABLE: 'meridian-views',
        MERIDIAN_REGIONS: 'us-east-1,us-east-2,us-west-2',
        MERIDIAN_LOG: 'us-east-1',
        MERIDIAN_LOGS: 'us-east-1,us-east-2,us-west-2',
        EVENTS_TABLE: 'meridian-events',
        CONFLICTS_TABLE: 'meridian-conflicts',
      },
    ],
    [
      'projection',
      {
        MERIDIAN_NAME: 'meridian',
        MERIDIAN_REGIONS: 'us-east-1,us-east-2,us-west-2',
        MERIDIAN_LOG: 'us-east-1',
        MERIDIAN_LOGS: 'us-east-1,us-east-2,us-west-2',
        CONFLICTS_TABLE: 'meridian-conflicts',
        PLACEMENT_TABLE: 'meridian-placement',
        EVENTS_TABLE: 'meridian-events',
        SNAPSHOTS_TABLE: 'meridian-snapshots',
        TRANSACTIONS_TABLE: 'meridian-transactions',
        DECISIONS: 'strong',
        VIEWS_TABLE: 'meridian-views',
        PROJECTION_QUEUE_URL: 'Queue(meridian-projection)',
      },
    ],
    [
      'operate',
      {
        MERIDIAN_NAME: 'meridian',
        EVENTS_TABLE: 'meridian-events',
        TRANSACTIONS_TABLE: 'meridian-transactions',
        DECISIONS: 'strong',
        VIEWS_TABLE: 'meridian-views',
        BUS_NAME: 'meridian',
        INGEST_QUEUE_URL: 'Queue(meridian-ingest)',
        QUARANTINE_QUEUE_URL: 'Queue(meridian-quarantine)',
        RESOLVER_QUEUE_URL: 'Queue(meridian-resolver)',
        PROJECTION_QUEUE_URL: 'Queue(meridian-projection)',
        MERIDIAN_REGIONS: 'us-east-1,us-east-2,us-west-2',
        MERIDIAN_LOG: 'us-east-1',
        MERIDIAN_LOGS: 'us-east-1,us-east-2,us-west-2',
        CONFLICTS_TABLE: 'meridian-conflicts',
        PLACEMENT_TABLE: 'meridian-placement',
        PARTICIPANT_FUNCTION: 'meridian-participant',
      },
    ],
  ])('%s gets the variables that it needs', (name, expected) => {
    const { NODE_OPTIONS, ...told } = variablesOf(name);
    expect(NODE_OPTIONS).toBe('--enable-source-maps');
    expect(told).toEqual(expected);
  });

  afterEach(() => vi.unstubAllEnvs());
  it.each(functions.filter((name) => name !== 'stream-lookup'))('%s starts with its variables', async (name) => {
    vi.stubEnv('AWS_REGION', 'us-east-1');
    for (const [key, value] of Object.entries(variablesOf(name)))
      vi.stubEnv(key, value.replace(/^Queue\((.*)\)$/, `https://sqs.us-east-1.amazonaws.com/${account}/$1`));
    expect(await import(`../../lambdas/${name}/index.ts`)).toHaveProperty('handler', expect.any(Function));
  });

  it('of a Region that was restored from a backup write its new log', () => {
    const template = five.regionTemplates[3] ?? expect.fail('there is no fourth Region');
    expect(functionOf('command', new TemplateReader(template)).Environment).toMatchObject({
      Variables: { MERIDIAN_LOG: 'eu-west-1-b' },
    });
  });

  it.each([
    // 10 s of tries, and a call of a service that has just started.
    ['command', 40],
    // No new work after 10 s; then a call of another Region (28 s) and one of the bus or the quarantine (15 s).
    ['ingest', 55],
    ['api', 55],
    // 10 s of tries, a read and a write.
    ['projection', 50],
    ['relay', 60],
    // No new work after 10 s; then 10 s of tries, a read and a write.
    ['operate', 60],
    // 10 s of tries, and a call of a service that has just started.
    ['participant', 30],
    // 10 s of waiting, and its last round.
    ['turn', 30],
    // Another Region has 4 s to report a decision, and 4 s to make one. A message that is cut off is redelivered soon,
    // which is enough.
    ['resolver', 10],
  ])('%s can finish what it has started: it has %i s or more', (name, least) => {
    expect(timeoutOf(name)).toBeGreaterThanOrEqual(least);
  });

  it('that wait for another function have more time than that function', () => {
    expect(timeoutOf('command')).toBeLessThan(timeoutOf('api'));
    expect(timeoutOf('command')).toBeLessThan(timeoutOf('ingest'));
  });

  it('have one URL, that of the API, for requests signed by IAM', () => {
    const [url, ...more] = region.ofType('AWS::Lambda::Url');
    expect(more).toEqual([]);
    expect(url?.Properties.AuthType).toBe('AWS_IAM');
    expect(region.text(url?.Properties.TargetFunctionArn)).toBe('Function(meridian-api)');
    expect(app.regionTemplates[0]?.findOutputs('ApiUrl')).not.toEqual({});
  });

  const mappingsOf = (name: string) =>
    region
      .ofType('AWS::Lambda::EventSourceMapping')
      .map(({ Properties }) => Properties)
      .filter(({ FunctionName }) => region.text(FunctionName) === `Function(meridian-${name})`);
  const mappingOf = (name: string) => {
    const [found, ...more] = mappingsOf(name);
    expect(more).toEqual([]);
    return found ?? expect.fail(name);
  };

  it.each([
    ['ingest', 'ingest', 'quarantine', 5, 50],
    ['projection', 'projection', 'projection-dead-letter', 10, 10],
  ])(
    '%s processes batches of %s, and failed messages go to %s after %i receives',
    (name, queue, dead, receives, atOnce) => {
      const mapping = mappingOf(name);
      expect(region.text(mapping.EventSourceArn)).toBe(`Queue(meridian-${queue})`);
      expect(mapping).toMatchObject({
        BatchSize: 10,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: atOnce },
      });
      expect(mapping).not.toHaveProperty('MaximumBatchingWindowInSeconds');
      const { VisibilityTimeout, RedrivePolicy } = z
        .object({
          VisibilityTimeout: z.number(),
          RedrivePolicy: z.object({ deadLetterTargetArn: z.unknown(), maxReceiveCount: z.number() }),
        })
        .parse(region.named('AWS::SQS::Queue', `meridian-${queue}`).Properties);
      expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * timeoutOf(name));
      expect(region.text(RedrivePolicy.deadLetterTargetArn)).toBe(`Queue(meridian-${dead})`);
      expect(RedrivePolicy.maxReceiveCount).toBe(receives);
    },
  );

  it('resolver processes messages when they are due, retries within the 30 s of recovery, and keeps what it cannot finish', () => {
    expect(mappingOf('resolver')).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    const queue = region.named('AWS::SQS::Queue', 'meridian-resolver').Properties;
    // Each message has its own delay.
    expect(queue).not.toHaveProperty('DelaySeconds');
    expect(queue.VisibilityTimeout).toBe(timeoutOf('resolver'));
    const { deadLetterTargetArn, maxReceiveCount } = z
      .object({ deadLetterTargetArn: z.unknown(), maxReceiveCount: z.number() })
      .parse(queue.RedrivePolicy);
    expect(region.text(deadLetterTargetArn)).toBe('Queue(meridian-resolver-dead-letter)');
    // A message that arrives a second after its deadline is retried twice within 30 s of it.
    expect(timeoutOf('resolver')).toBeLessThanOrEqual(14);
    expect(maxReceiveCount).toBe(1000); // the maximum of SQS
  });

  it('operate is asked every 15 minutes how many conflicts are open', () => {
    const { ScheduleExpression, State, Targets } = region.named(
      'AWS::Events::Rule',
      'meridian-conflicts-count',
    ).Properties;
    expect([ScheduleExpression, State]).toEqual(['rate(15 minutes)', 'ENABLED']);
    const [target] = z
      .array(z.object({ Arn: z.unknown(), Input: z.string() }))
      .length(1)
      .parse(Targets);
    expect(region.text(target?.Arn)).toBe('Function(meridian-operate)');
    expect(JSON.parse(target?.Input ?? '')).toEqual(encodeOperateRequest('conflicts-count', {}));
  });

  /** Of the conflicts, relay only gets the entries that its Region keeps: not those of others, and no watches. */
  const ownEntries = {
    Filters: [
      {
        Pattern: JSON.stringify({
          dynamodb: { Keys: { sk: { S: [{ suffix: '#us-east-1' }] } }, NewImage: { entry: { S: [{ exists: true }] } } },
        }),
      },
    ],
  };

  it.each([
    ['commits', /^EventsStream/],
    ['decisions', /^TransactionsStream/],
    ['conflicts', /^ConflictsStream/],
  ])(
    'relay reads the stream of %s from its start, in order, and gives up on a record in time to save those behind it',
    (what, stream) => {
      const isOf = ({ EventSourceArn }: Resource['Properties']) => {
        const [source] = z
          .object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('StreamArn')]) })
          .parse(EventSourceArn)['Fn::GetAtt'];
        return stream.test(source);
      };
      expect(mappingsOf('relay')).toHaveLength(3);
      const properties = mappingsOf('relay').find(isOf) ?? expect.fail('there is no mapping');
      const {
        EventSourceArn: _,
        FunctionName: __,
        DestinationConfig,
        FilterCriteria,
        Tags: ___,
        ...mapping
      } = properties;
      expect(mapping).toEqual({
        BatchSize: 100,
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumRecordAgeInSeconds: 6 * 60 * 60,
        MaximumRetryAttempts: 10_000,
        MetricsConfig: { Metrics: ['EventCount'] },
        ParallelizationFactor: 1,
        StartingPosition: 'TRIM_HORIZON',
      });
      expect(FilterCriteria).toEqual(what === 'conflicts' ? ownEntries : undefined);
      const { OnFailure } = z.object({ OnFailure: z.object({ Destination: z.unknown() }) }).parse(DestinationConfig);
      expect(region.text(OnFailure.Destination)).toBe('Bucket()');
    },
  );
});
