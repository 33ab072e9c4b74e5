import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { subscriptionPattern } from '../../../core/wire/subscription.ts';
import { matches } from '../event-pattern.ts';
import { aSubscriber, firstRegionOf, type Synthesized, synthesize } from '../synthesize.ts';
import { TemplateReader } from '../template.ts';

describe('a subscriber of the app', () => {
  let app: Synthesized;
  let region: TemplateReader;
  let without: TemplateReader;
  beforeAll(() => {
    app = synthesize({ subscribers: { subscriber: aSubscriber } });
    region = firstRegionOf(app);
    without = firstRegionOf(synthesize());
  });

  it('exists in every Region, and passes every check', () => {
    expect(app.findings).toEqual([]);
    for (const template of app.regionTemplates)
      new TemplateReader(template).named('AWS::Lambda::Function', 'meridian-subscriber');
  });

  it('does not exist unless it is defined', () => {
    expect(without.ofType('AWS::SQS::Queue').map(({ Properties }) => Properties.QueueName)).not.toContain(
      'meridian-subscriber',
    );
  });

  it('receives events of every Region by the pattern that the world uses, and of no other stream type', () => {
    const { EventPattern } = region.named('AWS::Events::Rule', 'meridian-subscriber').Properties;
    expect(EventPattern).toEqual(subscriptionPattern(['note']));
    const event = (source: string) => ({
      source,
      'detail-type': 'Departed',
      detail: { meta: { region: 'us-west-2' } },
    });
    expect(matches(EventPattern, event('meridian.note'))).toBe(true);
    expect(matches(EventPattern, event('meridian.stock'))).toBe(false);
  });

  it('gets events from a queue, and keeps events that cannot be delivered or handled', () => {
    const [target] = z
      .array(z.object({ Arn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) }))
      .parse(region.named('AWS::Events::Rule', 'meridian-subscriber').Properties.Targets);
    expect(region.text(target?.Arn)).toBe('Queue(meridian-subscriber)');
    expect(region.text(target?.DeadLetterConfig.Arn)).toBe('Queue(meridian-subscriber-dead-letter)');
    const queue = region.named('AWS::SQS::Queue', 'meridian-subscriber').Properties;
    expect(queue).toMatchObject({ VisibilityTimeout: 360, RedrivePolicy: { maxReceiveCount: 10 } });
    const [mapping, ...more] = region
      .ofType('AWS::Lambda::EventSourceMapping')
      .filter(({ Properties }) => region.text(Properties.FunctionName) === 'Function(meridian-subscriber)');
    expect(more).toEqual([]);
    expect(region.text(mapping?.Properties.EventSourceArn)).toBe('Queue(meridian-subscriber)');
    expect(mapping?.Properties).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
  });

  it('has queues that are encrypted at rest and in transit', () => {
    for (const name of ['meridian-subscriber', 'meridian-subscriber-dead-letter'])
      expect(region.named('AWS::SQS::Queue', name).Properties).toMatchObject({
        SqsManagedSseEnabled: true,
        MessageRetentionPeriod: 14 * 24 * 60 * 60,
      });
    const policies = region
      .ofType('AWS::SQS::QueuePolicy')
      .filter(({ Properties }) =>
        /Queue\(meridian-subscriber/.test(region.text(z.array(z.unknown()).parse(Properties.Queues)[0])),
      );
    expect(policies).toHaveLength(2);
    for (const { Properties } of policies)
      expect(JSON.stringify(Properties)).toContain('"aws:SecureTransport":"false"');
  });

  it('has its own table, protected and recoverable, in which parked events expire', () => {
    expect(region.named('AWS::DynamoDB::GlobalTable', 'meridian-subscriber')).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        Replicas: [
          {
            Region: 'us-east-1',
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          },
        ],
      },
    });
  });

  it('may consume its queue and use its table, and nothing else', () => {
    expect(
      region.permissions('meridian-us-east-1-subscriber').filter((permission) => !/^(logs|xray):/.test(permission)),
    ).toEqual([
      'dynamodb:GetItem on GlobalTable(meridian-subscriber)',
      'dynamodb:PutItem on GlobalTable(meridian-subscriber)',
      'dynamodb:Query on GlobalTable(meridian-subscriber)',
      'dynamodb:UpdateItem on GlobalTable(meridian-subscriber)',
      'sqs:DeleteMessage on Queue(meridian-subscriber)',
      'sqs:GetQueueAttributes on Queue(meridian-subscriber)',
      'sqs:ReceiveMessage on Queue(meridian-subscriber)',
      'sqs:SendMessage on Queue(meridian-subscriber)',
    ]);
  });

  it('gets its table and its queue, and starts with the first event of each log', () => {
    const { Environment } = region.named('AWS::Lambda::Function', 'meridian-subscriber').Properties;
    expect(JSON.stringify(Environment)).toContain('"SUBSCRIBE_FROM":"beginning"');
    const { Variables } = z.object({ Variables: z.record(z.string(), z.unknown()) }).parse(Environment);
    expect(region.text(Variables.SUBSCRIBER_TABLE)).toBe('GlobalTable(meridian-subscriber)');
    expect(region.text(Variables.SUBSCRIBER_QUEUE_URL)).toBe('Queue(meridian-subscriber)');
  });
});

describe('a subscriber that is named to a Region', () => {
  const audit = { ...aSubscriber, streamTypes: ['note', 'stock'], outcomes: true, runsIn: 'us-west-2' };
  let regions: readonly TemplateReader[];
  let global: TemplateReader;
  beforeAll(() => {
    const { regionTemplates, globalTemplate } = synthesize({
      context: { ephemeral: true },
      subscribers: {
        audit: {
          ...audit,
          from: 'first-seen',
          timeoutSeconds: 120,
          memoryMb: 512,
          batchSize: 1,
          environment: { TO: 'x' },
        },
        local: { ...aSubscriber, runsIn: 'where-written', table: 'none' },
        chosen: { ...aSubscriber, writtenIn: ['us-east-1', 'us-west-2'] },
      },
    });
    regions = regionTemplates.map((template) => new TemplateReader(template));
    global = new TemplateReader(globalTemplate);
  });
  const inRegion = (i: number) => regions[i] ?? expect.fail(`there is no Region ${i}`);
  const patternOf = (i: number, name: string) => inRegion(i).named('AWS::Events::Rule', name).Properties.EventPattern;

  it('exists in every Region, and gets the events and outcomes of every Region in each', () => {
    for (const i of regions.keys()) {
      inRegion(i).named('AWS::Lambda::Function', 'meridian-audit');
      inRegion(i).named('AWS::SQS::Queue', 'meridian-audit');
      expect(patternOf(i, 'meridian-audit')).toEqual({ source: ['meridian.note', 'meridian.stock', 'meridian.tx'] });
    }
  });

  it('has one global table, in which each Region sees what the others have handled, and knows where homes are written', () => {
    expect(global.named('AWS::DynamoDB::GlobalTable', 'meridian-audit')).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: {
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        Replicas: ['us-east-2', 'us-west-2', 'us-east-1'].map((Region) => ({ Region })),
      },
    });
    for (const i of regions.keys()) {
      expect(JSON.stringify(inRegion(i).ofType('AWS::DynamoDB::GlobalTable'))).not.toContain('meridian-audit');
      expect(inRegion(i).named('AWS::Lambda::Function', 'meridian-audit').Properties.Environment).toMatchObject({
        Variables: {
          SUBSCRIBER_HOME: 'us-west-2',
          SUBSCRIBER_TABLE: 'meridian-audit',
          PLACEMENT_TABLE: 'meridian-placement',
        },
      });
    }
    const table = 'arn:aws:dynamodb:us-east-1:123456789012:table';
    expect(
      inRegion(0)
        .permissions('meridian-us-east-1-audit')
        .filter((one) => one.startsWith('dynamodb:')),
    ).toEqual([
      `dynamodb:PutItem on ${table}/meridian-audit`,
      `dynamodb:Query on ${table}/meridian-audit`,
      `dynamodb:Query on ${table}/meridian-placement`,
      `dynamodb:UpdateItem on ${table}/meridian-audit`,
    ]);
  });

  it('has its table watched in every Region, and its standby shown, which nothing else has', () => {
    const alarmsOf = (reader: TemplateReader) =>
      reader.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => String(Properties.AlarmName));
    const shown = (reader: TemplateReader) => JSON.stringify(reader.ofType('AWS::CloudWatch::Dashboard'));
    const without = firstRegionOf(synthesize({ subscribers: { subscriber: aSubscriber } }));
    for (const i of regions.keys()) {
      expect(alarmsOf(inRegion(i)).filter((name) => name.startsWith('meridian-table-audit'))).not.toEqual([]);
      expect(shown(inRegion(i))).toContain('Standby');
    }
    expect(shown(without)).not.toContain('Standby');
    expect(JSON.stringify(without.ofType('AWS::Lambda::Function'))).not.toContain('SUBSCRIBER_HOME');
  });

  it('has the defined timeout, memory, batch size and environment, and its messages are hidden for six times as long', () => {
    const { Timeout, MemorySize, Environment } = inRegion(2).named(
      'AWS::Lambda::Function',
      'meridian-audit',
    ).Properties;
    expect([Timeout, MemorySize]).toEqual([120, 512]);
    expect(Environment).toMatchObject({ Variables: { TO: 'x', SUBSCRIBE_FROM: 'first-seen', SUBSCRIBER: 'audit' } });
    expect(inRegion(2).named('AWS::SQS::Queue', 'meridian-audit').Properties.VisibilityTimeout).toBe(720);
    const [mapping] = inRegion(2)
      .ofType('AWS::Lambda::EventSourceMapping')
      .filter(({ Properties }) => inRegion(2).text(Properties.FunctionName) === 'Function(meridian-audit)');
    expect(mapping?.Properties.BatchSize).toBe(1);
  });

  it('raises no alarm for a single retry, however long its messages are hidden', () => {
    const thresholdOf = (i: number, name: string) =>
      inRegion(i)
        .ofType('AWS::CloudWatch::Alarm')
        .find(({ Properties }) => Properties.AlarmName === name)?.Properties.Threshold;
    expect(thresholdOf(2, 'meridian-audit-age')).toBe(720 + 240);
    expect(thresholdOf(0, 'meridian-local-age')).toBe(600);
  });

  it('may get only the events written in named Regions, or in its own, so that each event is handled in one Region', () => {
    for (const [i, region] of ['us-east-1', 'us-east-2', 'us-west-2'].entries()) {
      expect(patternOf(i, 'meridian-local')).toEqual(subscriptionPattern(['note'], [region]));
      expect(patternOf(i, 'meridian-chosen')).toEqual(subscriptionPattern(['note'], ['us-east-1', 'us-west-2']));
    }
  });

  it('has no table, and no permission on one, if its definition says so', () => {
    expect(JSON.stringify(inRegion(0).ofType('AWS::DynamoDB::GlobalTable'))).not.toContain('meridian-local');
    expect(
      inRegion(0)
        .permissions('meridian-us-east-1-local')
        .filter((one) => one.startsWith('dynamodb:')),
    ).toEqual([]);
    const { Environment } = inRegion(0).named('AWS::Lambda::Function', 'meridian-local').Properties;
    expect(JSON.stringify(Environment)).not.toContain('SUBSCRIBER_TABLE');
  });
});
