import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { account, functions } from './stacks-fixture.ts';
import { firstRegionOf, synthesize } from './synthesize.ts';
import type { TemplateReader } from './template.ts';

let region: TemplateReader;
beforeAll(() => {
  region = firstRegionOf(synthesize());
});

describe('the permissions of each role', () => {
  const events = `arn:aws:dynamodb:us-east-1:${account}:table/meridian-events`;
  const conflicts = (...actions: readonly string[]) =>
    actions.map((action) => `dynamodb:${action} on arn:aws:dynamodb:us-east-1:${account}:table/meridian-conflicts`);
  const placement = (...actions: readonly string[]) =>
    actions.map((action) => `dynamodb:${action} on arn:aws:dynamodb:us-east-1:${account}:table/meridian-placement`);
  const snapshots = ['BatchGetItem', 'DeleteItem', 'PutItem', 'Query'].map(
    (action) => `dynamodb:${action} on GlobalTable(meridian-snapshots)`,
  );
  const elsewhere = (id: string) =>
    ['us-east-2', 'us-west-2'].map(
      (other) => `lambda:InvokeFunction on arn:aws:lambda:${other}:${account}:function:meridian-${id}`,
    );
  const decisions = (...actions: readonly string[]) =>
    actions.map((action) => `dynamodb:${action} on arn:aws:dynamodb:us-east-1:${account}:table/meridian-transactions`);
  const transacts = [
    ...['ConditionCheckItem', 'GetItem', 'PutItem', 'Query', 'UpdateItem'].map(
      (action) => `dynamodb:${action} on ${events}`,
    ),
    ...snapshots,
    ...decisions('GetItem', 'PutItem', 'Query'),
    ...placement('Query'),
    ...elsewhere('participant'),
    'states:StartExecution on StateMachine(meridian-transactions)',
  ];
  const streamOf = (table: string) =>
    ['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
      (action) => `dynamodb:${action} on CustomResource(${table})`,
    );
  const consume = (queue: string) =>
    ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'].map(
      (action) => `${action} on Queue(${queue})`,
    );
  const basics = (name: string) => [
    ...['logs:CreateLogStream', 'logs:PutLogEvents'].flatMap((action) => [
      `${action} on LogGroup(/aws/lambda/meridian-${name})`,
      `${action} on arn:aws:logs:us-east-1:${account}:log-group:LogGroup(/aws/lambda/meridian-${name})`,
    ]),
    'xray:PutTelemetryRecords on *',
    'xray:PutTraceSegments on *',
  ];

  it.each([
    [
      'ingest',
      [
        ...transacts,
        ...elsewhere('command'),
        'events:PutEvents on EventBus(meridian)',
        'sqs:SendMessage on Queue(meridian-quarantine)',
        'sqs:SendMessage on Queue(meridian-ingest)',
        ...consume('meridian-ingest'),
      ],
    ],
    [
      'api',
      [
        ...transacts,
        ...elsewhere('command'),
        'dynamodb:BatchGetItem on GlobalTable(meridian-views)',
        'dynamodb:Query on GlobalTable(meridian-views)',
        ...conflicts('Query').flatMap((each) => [each, `${each}/index/listed`]),
      ],
    ],
    ['command', transacts],
    [
      'participant',
      [
        ...['GetItem', 'PutItem', 'Query', 'UpdateItem'].map((action) => `dynamodb:${action} on ${events}`),
        ...snapshots,
        ...decisions('GetItem', 'PutItem'),
        ...placement('Query'),
        ...elsewhere('participant'),
      ],
    ],
    [
      'turn',
      [
        ...['GetItem', 'PutItem', 'Query', 'UpdateItem'].map((action) => `dynamodb:${action} on ${events}`),
        ...snapshots,
        ...decisions('GetItem', 'PutItem'),
        ...placement('Query'),
        ...elsewhere('participant'),
        ...elsewhere('turn'),
      ],
    ],
    [
      'coordinate',
      [`dynamodb:GetItem on ${events}`, ...decisions('GetItem', 'PutItem', 'Query'), ...placement('Query')],
    ],
    [
      'resolver',
      [
        ...['GetItem', 'UpdateItem'].map((action) => `dynamodb:${action} on ${events}`),
        ...decisions('GetItem', 'PutItem', 'Query'),
        ...elsewhere('participant'),
        ...consume('meridian-resolver'),
      ],
    ],
    [
      'relay',
      [
        ...streamOf('meridian-events'),
        ...streamOf('meridian-transactions'),
        ...streamOf('meridian-conflicts'),
        `dynamodb:BatchGetItem on ${events}`,
        ...conflicts('BatchGetItem'),
        // The relay may write its sightings, but no row of a view; test/lambdas/wiring.test.ts shows that it writes there.
        'dynamodb:UpdateItem on GlobalTable(meridian-views) if {"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["meridian#seen"]}}',
        'events:PutEvents on EventBus(meridian)',
        's3:ListBucket on Bucket()',
        's3:PutObject on Bucket()/aws/lambda/*',
        'sqs:SendMessage on Queue(meridian-projection)',
        'sqs:SendMessage on Queue(meridian-quarantine)',
        'sqs:SendMessage on Queue(meridian-resolver)',
      ],
    ],
    [
      'projection',
      [
        ...['GetItem', 'PutItem', 'Query'].map((action) => `dynamodb:${action} on ${events}`),
        ...snapshots,
        ...decisions('GetItem'),
        ...conflicts('DeleteItem', 'PutItem', 'Query'),
        ...placement('Query'),
        'dynamodb:BatchGetItem on GlobalTable(meridian-views)',
        'dynamodb:DeleteItem on GlobalTable(meridian-views)',
        'dynamodb:PutItem on GlobalTable(meridian-views)',
        'dynamodb:UpdateItem on GlobalTable(meridian-views)',
        ...consume('meridian-projection'),
        'sqs:SendMessage on Queue(meridian-projection)',
      ],
    ],
    [
      'operate',
      [
        ...['BatchGetItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'].map(
          (action) => `dynamodb:${action} on ${events}`,
        ),
        ...conflicts('BatchGetItem', 'Query'),
        ...conflicts('Query').map((each) => `${each}/index/listed`),
        ...decisions('GetItem', 'Query', 'Scan'),
        ...decisions('GetItem', 'PutItem'),
        ...placement('PutItem', 'Query'),
        ...elsewhere('participant'),
        ...['BatchGetItem', 'BatchWriteItem', 'DeleteItem', 'PutItem', 'Query', 'UpdateItem'].map(
          (action) => `dynamodb:${action} on GlobalTable(meridian-views)`,
        ),
        'events:PutEvents on EventBus(meridian)',
        ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage', 'SendMessage'].map(
          (action) => `sqs:${action} on Queue(meridian-quarantine)`,
        ),
        'sqs:SendMessage on Queue(meridian-ingest)',
        'sqs:SendMessage on Queue(meridian-projection)',
        'sqs:SendMessage on Queue(meridian-resolver)',
      ],
    ],
    [
      'stream-lookup',
      [`dynamodb:DescribeTable on ${events}`, ...decisions('DescribeTable'), ...conflicts('DescribeTable')],
    ],
  ])('allow %s what it calls, and nothing else', (name, expected) => {
    expect(region.permissions(`meridian-us-east-1-${name}`)).toEqual([...expected, ...basics(name)].sort());
  });

  it('allow forward to put events on the other buses', () => {
    expect(region.permissions('meridian-us-east-1-forward')).toEqual([
      `events:PutEvents on arn:aws:events:us-east-2:${account}:event-bus/meridian`,
      `events:PutEvents on arn:aws:events:us-west-2:${account}:event-bus/meridian`,
    ]);
  });

  it('let only EventBridge assume the role of forward, for the forwarding rules of this account', () => {
    const trust = z.object({
      Statement: z.tuple([
        z.strictObject({
          Effect: z.literal('Allow'),
          Action: z.literal('sts:AssumeRole'),
          Principal: z.strictObject({ Service: z.literal('events.amazonaws.com') }),
          Condition: z.strictObject({
            StringEquals: z.strictObject({ 'aws:SourceAccount': z.unknown() }),
            ArnEquals: z.strictObject({ 'aws:SourceArn': z.array(z.unknown()) }),
          }),
        }),
      ]),
    });
    const role = region.named('AWS::IAM::Role', 'meridian-us-east-1-forward').Properties;
    const [{ Condition }] = trust.parse(role.AssumeRolePolicyDocument).Statement;
    expect(region.text(Condition.StringEquals['aws:SourceAccount'])).toBe(account);
    expect(Condition.ArnEquals['aws:SourceArn'].map((arn) => region.text(arn))).toEqual([
      `arn:aws:events:us-east-1:${account}:rule/meridian/meridian-forward-us-east-2`,
      `arn:aws:events:us-east-1:${account}:rule/meridian/meridian-forward-us-west-2`,
    ]);
  });

  it('are in those policies only, and there are no other roles', () => {
    const roles = region.ofType('AWS::IAM::Role');
    expect(roles.map(({ Properties }) => Properties.RoleName).sort()).toEqual(
      [...functions, 'forward', 'transactions'].map((id) => `meridian-us-east-1-${id}`).sort(),
    );
    for (const { Properties } of roles) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties).not.toHaveProperty('Policies');
    }
    expect(region.ofType('AWS::IAM::ManagedPolicy')).toEqual([]);
    // Only the schedule that has open conflicts counted invokes a function from outside.
    expect(
      region
        .ofType('AWS::Lambda::Permission')
        .map(({ Properties: { Action, FunctionName, Principal, SourceArn } }) => [
          Action,
          Principal,
          region.text(FunctionName),
          region.text(SourceArn),
        ]),
    ).toEqual([
      ['lambda:InvokeFunction', 'events.amazonaws.com', 'Function(meridian-operate)', 'Rule(meridian-conflicts-count)'],
    ]);
  });
});
