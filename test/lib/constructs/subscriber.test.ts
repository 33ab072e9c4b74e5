import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { subscriptionPattern } from '../../../core/index.ts';
import { parseConfig } from '../../../lib/config.ts';
import { Subscriber } from '../../../lib/constructs/subscriber.ts';
import { matches } from '../event-pattern.ts';
import { firstRegionOf, type Synthesized, synthesize } from '../synthesize.ts';
import { TemplateReader } from '../template.ts';

describe('a subscriber of the app', () => {
  let app: Synthesized;
  let region: TemplateReader;
  let without: TemplateReader;
  beforeAll(() => {
    app = synthesize({ context: { subscriber: 'true' } });
    region = firstRegionOf(app);
    without = firstRegionOf(synthesize());
  });

  it('is in every Region, and passes every check', () => {
    expect(app.findings).toEqual([]);
    for (const template of app.regionTemplates)
      new TemplateReader(template).named('AWS::Lambda::Function', 'meridian-subscriber');
  });

  it('is not there unless it is asked for', () => {
    expect(without.ofType('AWS::SQS::Queue').map(({ Properties }) => Properties.QueueName)).not.toContain(
      'meridian-subscriber',
    );
  });

  it('hears of every Region by the pattern that the world runs on, and of no other stream type', () => {
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

  it('gets events by a queue, and keeps what it cannot get or cannot handle', () => {
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

  it('has a table of its own, protected and recoverable, from which parked events go after their time', () => {
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
    ]);
  });

  it('is told its table, and to begin with the first event of each log', () => {
    const { Environment } = region.named('AWS::Lambda::Function', 'meridian-subscriber').Properties;
    expect(JSON.stringify(Environment)).toContain('"SUBSCRIBE_FROM":"beginning"');
    const { Variables } = z.object({ Variables: z.record(z.string(), z.unknown()) }).parse(Environment);
    expect(region.text(Variables.SUBSCRIBER_TABLE)).toBe('GlobalTable(meridian-subscriber)');
  });
});

describe('a subscriber of one Region', () => {
  it('hears of what was written there only, of the types it names, and begins where it is told', () => {
    const stack = new Stack(
      new App({ context: { 'aws:cdk:bundling-stacks': [] }, builtinCloudFormationValidation: false }),
      'Own',
    );
    const context = new Map<string, unknown>([
      ['regions', ['us-east-1', 'us-east-2']],
      ['ephemeral', true],
    ]);
    new Subscriber(stack, 'Audit', {
      config: parseConfig((key) => context.get(key)),
      region: 'us-east-1',
      functionId: 'subscriber',
      bus: new EventBus(stack, 'Bus'),
      streamTypes: ['note', 'stock'],
      writtenIn: ['us-east-1'],
      from: 'first-seen',
    });
    const template = new TemplateReader(Template.fromStack(stack));
    expect(template.named('AWS::Events::Rule', 'meridian-subscriber').Properties.EventPattern).toEqual(
      subscriptionPattern(['note', 'stock'], ['us-east-1']),
    );
    expect(template.named('AWS::Lambda::Function', 'meridian-subscriber').Properties.Environment).toMatchObject({
      Variables: { SUBSCRIBE_FROM: 'first-seen' },
    });
    expect(template.named('AWS::DynamoDB::GlobalTable', 'meridian-subscriber').DeletionPolicy).toBe('Delete');
  });
});
