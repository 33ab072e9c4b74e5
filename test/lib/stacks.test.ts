import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { fastPathPattern, forwardPattern, ingestPattern } from '../../core/index.ts';
import { matches } from './event-pattern.ts';
import { firstRegionOf, type Synthesized, synthesize } from './synthesize.ts';
import { type Resource, TemplateReader } from './template.ts';
import { definitionOf } from './transaction-definition.ts';

const account = '123456789012';
const three = ['us-east-1', 'us-east-2', 'us-west-2'];
const functions = [
  'ingest',
  'api',
  'command',
  'relay',
  'projection',
  'operate',
  'participant',
  'coordinate',
  'resolver',
  'stream-lookup',
];

// Each configuration is synthesized once; the first Region of three stands for all where they are alike.
let app: Synthesized;
let throwaway: Synthesized;
let five: Synthesized;
let global: TemplateReader;
let region: TemplateReader;
let everyRegion: { name: string; template: TemplateReader }[];
beforeAll(() => {
  app = synthesize({ cloudFormationRules: true });
  throwaway = synthesize({ context: { ephemeral: 'true', name: 'trial', regions: 'eu-west-1,eu-west-2' } });
  five = synthesize({
    context: {
      regions: [...three, 'eu-west-1', 'ap-northeast-1'],
      account,
      logs: { 'eu-west-1': 'eu-west-1-b' },
      nonce: '2',
    },
  });
  global = new TemplateReader(app.globalTemplate);
  everyRegion = app.regionTemplates.map((template, index) => ({
    name: three[index] ?? '',
    template: new TemplateReader(template),
  }));
  region = firstRegionOf(app);
});

describe('the app', () => {
  it('has a global stack in the primary Region and a stack per Region that is deployed after it', () => {
    expect([app.global.stackName, app.global.region]).toEqual(['meridian-global', 'us-east-1']);
    expect(app.regions.map((stack) => [stack.stackName, stack.region])).toEqual(
      three.map((name) => [`meridian-${name}`, name]),
    );
    for (const stack of app.regions) expect(stack.dependencies).toEqual([app.global]);
  });

  it('fits any account unless one is given', () => {
    expect(app.global.environment).toBe('aws://unknown-account/us-east-1');
    expect(five.regions.map((stack) => stack.account)).toEqual(Array.from(five.regions, () => account));
  });

  it('passes every check without a finding, on two, three and five Regions', () => {
    for (const { findings, regions } of [throwaway, app, five])
      expect(findings, `${regions.length} Regions`).toEqual([]);
  });

  it('refers to nothing in another stack, so that Regions need each other in no deploy', () => {
    for (const template of [app.globalTemplate, ...app.regionTemplates])
      expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue');
  });

  it('makes every name from the prefix', () => {
    const text = JSON.stringify(throwaway.regionTemplates.map((template) => template.toJSON().Resources));
    expect(text).toContain('trial-ingest');
    expect(text).not.toMatch(/"(meridian-|[^"]*\/meridian-)/);
  });
});

describe('the global stack', () => {
  const tableOf = (name: string, reader = global) => reader.named('AWS::DynamoDB::GlobalTable', name).Properties;
  const [events, transactions] = ['meridian-events', 'meridian-transactions'];

  it.each([events, transactions])('holds the table %s, with its stream, and nothing but those two', (name) => {
    expect(global.types).toEqual(new Set(['AWS::DynamoDB::GlobalTable']));
    expect(global.ofType('AWS::DynamoDB::GlobalTable')).toHaveLength(2);
    expect(tableOf(name)).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      // The key that DynamoDB owns in each Region.
      SSESpecification: { SSEEnabled: false },
    });
  });

  it('replicates events eventually: what is there unless a table says otherwise', () => {
    expect(tableOf(events)).not.toHaveProperty('MultiRegionConsistency');
  });

  it('replicates decisions strongly where the Regions allow it, without what DynamoDB refuses then', () => {
    const decisions = tableOf(transactions);
    expect(decisions.MultiRegionConsistency).toBe('STRONG');
    for (const refused of ['TimeToLiveSpecification', 'LocalSecondaryIndexes', 'GlobalTableWitnesses'])
      expect(decisions).not.toHaveProperty(refused);
  });

  it('replicates decisions eventually elsewhere, and where it is asked to', () => {
    const name = 'trial-transactions';
    expect(tableOf(name, new TemplateReader(throwaway.globalTemplate)).MultiRegionConsistency).toBe('EVENTUAL');
    const asked = synthesize({ context: { decisions: 'eventual' } });
    expect(tableOf(transactions, new TemplateReader(asked.globalTemplate)).MultiRegionConsistency).toBe('EVENTUAL');
    expect(asked.findings).toEqual([]);
  });

  it.each([
    ['three', () => app, three, events],
    ['three', () => app, three, transactions],
    ['five', () => five, [...three, 'eu-west-1', 'ap-northeast-1'], events],
    ['five', () => five, [...three, 'eu-west-1', 'ap-northeast-1'], transactions],
  ] as const)('has a protected, recoverable replica in each of %s Regions', (_, synthesized, regions, name) => {
    const replicas = z.array(z.looseObject({ Region: z.string() }));
    const found = replicas.parse(tableOf(name, new TemplateReader(synthesized().globalTemplate)).Replicas);
    expect(found.map(({ Region }) => Region).sort()).toEqual([...regions].sort());
    for (const replica of found)
      expect(replica).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
  });

  it('tells whoever deploys it what to keep', () => {
    expect(app.globalTemplate.toJSON().Metadata.Meridian).toEqual({
      name: 'meridian',
      regions: three,
      decisions: 'strong',
      ephemeral: false,
    });
  });
});

describe('data', () => {
  const retained = ['AWS::DynamoDB::GlobalTable', 'AWS::S3::Bucket', 'AWS::Logs::LogGroup'];
  const all = (synthesized: Synthesized) =>
    [synthesized.globalTemplate, ...synthesized.regionTemplates].map((template) => new TemplateReader(template));
  const kept = (synthesized: Synthesized): Resource[] =>
    all(synthesized)
      .flatMap((template) => retained.flatMap((type) => template.ofType(type)))
      // But for what is made again from the rest.
      .filter(({ Properties }) => Properties.TableName !== 'meridian-snapshots');

  it('outlives its stack, unless the stack was never made', () => {
    expect(kept(app)).toHaveLength(2 + 3 * (1 + 1 + 1 + functions.length));
    for (const resource of kept(app))
      expect(resource).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
  });

  it('goes with a stack that is there to be thrown away', () => {
    expect(kept(throwaway).length).toBeGreaterThan(0);
    for (const template of all(throwaway))
      for (const type of template.types)
        for (const { DeletionPolicy } of template.ofType(type)) expect([undefined, 'Delete']).toContain(DeletionPolicy);
    expect(
      JSON.stringify(all(throwaway).map((template) => template.ofType('AWS::DynamoDB::GlobalTable'))),
    ).not.toContain('"DeletionProtectionEnabled":true');
    expect(all(throwaway).flatMap((template) => template.ofType('Custom::S3AutoDeleteObjects'))).toHaveLength(2);
  });

  it('of views is kept per Region, protected and recoverable', () => {
    expect(region.named('AWS::DynamoDB::GlobalTable', 'meridian-views').Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      Replicas: [
        {
          Region: 'us-east-1',
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        },
      ],
    });
  });

  it('of snapshots is kept per Region, and goes with its stack: it is made again from the events', () => {
    expect(region.named('AWS::DynamoDB::GlobalTable', 'meridian-snapshots')).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { BillingMode: 'PAY_PER_REQUEST', Replicas: [{ Region: 'us-east-1' }] },
    });
  });

  it('in queues and buckets is encrypted at rest and in transit, and public to no one', () => {
    const queues = region.ofType('AWS::SQS::Queue');
    expect(queues).toHaveLength(7);
    for (const { Properties } of queues) expect(Properties).toMatchObject({ SqsManagedSseEnabled: true });
    const [bucket] = region.ofType('AWS::S3::Bucket');
    expect(bucket?.Properties).toMatchObject({
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
    });
    const policies = [...region.ofType('AWS::SQS::QueuePolicy'), ...region.ofType('AWS::S3::BucketPolicy')];
    expect(policies).toHaveLength(8);
    for (const { Properties } of policies)
      expect(Properties.PolicyDocument).toMatchObject({
        Statement: expect.arrayContaining([
          expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      });
  });
});

describe('events on the buses', () => {
  const ruleOf = (name: string, at: string) => {
    const template = everyRegion.find((candidate) => candidate.name === at)?.template ?? expect.fail(at);
    return template.named('AWS::Events::Rule', `meridian-${name}`).Properties;
  };
  const rulesMatching = (event: unknown, at: string): unknown[] => {
    const template = everyRegion.find((candidate) => candidate.name === at)?.template ?? expect.fail(at);
    return template
      .ofType('AWS::Events::Rule')
      .filter(({ Properties }) => matches(Properties.EventPattern, event))
      .map(({ Properties }) => Properties.Name)
      .sort();
  };
  const noted = { source: 'meridian.note', 'detail-type': 'Noted', detail: { meta: { region: 'us-east-1' } } };
  const append = { source: 'tower.lax', 'detail-type': 'meridian.append', detail: { id: '1' } };

  it('are matched by the patterns that the world runs on', () => {
    expect(ruleOf('ingest', 'us-east-1').EventPattern).toEqual(ingestPattern);
    expect(ruleOf('forward-us-west-2', 'us-east-1').EventPattern).toEqual(forwardPattern('us-east-1'));
    expect(ruleOf('fast-path', 'us-east-1').EventPattern).toEqual(
      fastPathPattern('us-east-1', ['account', 'note', 'stock']),
    );
  });

  it('go from the Region of their birth to every other, once', () => {
    expect(rulesMatching(noted, 'us-east-1')).toEqual(['meridian-forward-us-east-2', 'meridian-forward-us-west-2']);
  });

  it('go no further from where they arrive, whatever EventBridge stamps on them, but to projection', () => {
    for (const there of ['us-east-2', 'us-west-2'])
      expect(rulesMatching({ ...noted, region: there }, there)).toEqual(['meridian-fast-path']);
  });

  it('that no view is made of are forwarded, and projected nowhere', () => {
    const event = { ...noted, source: 'meridian.other' };
    expect(rulesMatching(event, 'us-east-1')).toHaveLength(2);
    expect(rulesMatching(event, 'us-west-2')).toEqual([]);
  });

  it('that producers put wait for ingest in that Region alone', () => {
    expect(rulesMatching(append, 'us-east-1')).toEqual(['meridian-ingest']);
    for (const type of ['meridian.command', 'meridian.transact'])
      expect(rulesMatching({ ...append, 'detail-type': type }, 'us-east-1')).toEqual(['meridian-ingest']);
    // Even if it looks as if it had been born here.
    expect(rulesMatching({ ...append, detail: noted.detail }, 'us-east-1')).toEqual(['meridian-ingest']);
  });

  it('of others that ask for nothing are left alone', () => {
    expect(rulesMatching({ ...append, 'detail-type': 'Noted' }, 'us-east-1')).toEqual([]);
  });

  it('that tell an outcome stay on their bus', () => {
    const outcome = { source: 'meridian.receipt', 'detail-type': 'Rejected', detail: { id: '1' } };
    for (const at of three) expect(rulesMatching(outcome, at)).toEqual([]);
  });

  it('of our own are never taken in again', () => {
    for (const type of ['meridian.append', 'meridian.command', 'meridian.transact'])
      expect(rulesMatching({ ...append, 'detail-type': type, source: 'meridian.note' }, 'us-east-1')).toEqual([]);
  });

  it('that announce what became of a transaction go from its driving Region to every other, and to no view', () => {
    const announced = {
      source: 'meridian.tx',
      'detail-type': 'TransactionCommitted',
      detail: { id: 'tx/us-east-1:1', meta: { region: 'us-east-1' } },
    };
    expect(rulesMatching(announced, 'us-east-1')).toEqual(['meridian-forward-us-east-2', 'meridian-forward-us-west-2']);
    for (const there of ['us-east-2', 'us-west-2']) expect(rulesMatching(announced, there)).toEqual([]);
  });

  it('that cannot be forwarded are kept in the Region of the rule', () => {
    expect(ruleOf('forward-us-west-2', 'us-east-1').Targets).toEqual([
      {
        Id: expect.any(String),
        Arn: expect.anything(),
        RoleArn: expect.anything(),
        DeadLetterConfig: { Arn: expect.objectContaining({ 'Fn::GetAtt': [expect.any(String), 'Arn'] }) },
      },
    ]);
    const [target] = z
      .array(z.object({ Arn: z.unknown(), RoleArn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) }))
      .parse(ruleOf('forward-us-west-2', 'us-east-1').Targets);
    expect(region.text(target?.Arn)).toBe(`arn:aws:events:us-west-2:${account}:event-bus/meridian`);
    expect(region.text(target?.RoleArn)).toBe('Role(meridian-us-east-1-forward)');
    expect(region.text(target?.DeadLetterConfig.Arn)).toBe('Queue(meridian-forwarding-dead-letter)');
  });

  it('that producers put go to quarantine when their queue cannot be reached', () => {
    const [target] = z
      .array(z.object({ Arn: z.unknown(), DeadLetterConfig: z.object({ Arn: z.unknown() }) }))
      .parse(ruleOf('ingest', 'us-east-1').Targets);
    expect(region.text(target?.Arn)).toBe('Queue(meridian-ingest)');
    expect(region.text(target?.DeadLetterConfig.Arn)).toBe('Queue(meridian-quarantine)');
  });

  it('reach every one of five Regions from each', () => {
    for (const template of five.regionTemplates)
      expect(
        new TemplateReader(template)
          .ofType('AWS::Events::Rule')
          .filter(({ Properties }) => String(Properties.Name).startsWith('meridian-forward-')),
      ).toHaveLength(4);
  });
});

describe('the policy of a bus', () => {
  const busPolicy = z.object({
    Statement: z.object({
      Effect: z.literal('Deny'),
      Principal: z.literal('*'),
      Action: z.literal('events:PutEvents'),
      Resource: z.unknown(),
      Condition: z.strictObject({
        'ForAnyValue:StringLike': z.strictObject({ 'events:source': z.string().endsWith('*') }),
        ArnNotEquals: z.strictObject({ 'aws:PrincipalArn': z.array(z.unknown()) }),
      }),
    }),
  });
  /** As IAM decides: both conditions hold; a negated one also holds where the key is missing. */
  const denies = (principal: string | undefined, sources: readonly string[]): boolean => {
    const [resource] = region.ofType('AWS::Events::EventBusPolicy');
    const { Condition } = busPolicy.parse(resource?.Properties).Statement;
    const prefix = Condition['ForAnyValue:StringLike']['events:source'].slice(0, -1);
    const speakers = Condition.ArnNotEquals['aws:PrincipalArn'].map((arn) => region.text(arn));
    return sources.some((source) => source.startsWith(prefix)) && !(principal && speakers.includes(principal));
  };
  const role = (name: string) => `arn:aws:iam::${account}:role/${name}`;

  it('is about its own bus, and the only one', () => {
    const [resource, ...more] = region.ofType('AWS::Events::EventBusPolicy');
    expect(more).toEqual([]);
    expect(region.text(busPolicy.parse(resource?.Properties).Statement.Resource)).toBe('EventBus(meridian)');
  });

  it.each([
    'meridian-us-east-1-relay',
    'meridian-us-east-1-ingest',
    'meridian-us-east-1-operate',
    'meridian-us-east-2-forward',
    'meridian-us-west-2-forward',
  ])('lets %s speak as Meridian', (name) => {
    expect(denies(role(name), ['meridian.note', 'meridian.receipt'])).toBe(false);
  });

  it.each([
    'producer',
    'admin',
    // Nothing comes back from here to here, and no other Region's functions put events on this bus.
    'meridian-us-east-1-forward',
    'meridian-us-east-2-relay',
    'meridian-us-east-1-api',
  ])('lets %s not, be it with one entry of many', (name) => {
    expect(denies(role(name), ['meridian.note'])).toBe(true);
    expect(denies(role(name), ['tower.lax', 'meridian.note'])).toBe(true);
  });

  it('lets no one speak as Meridian who has no role', () => {
    expect(denies(undefined, ['meridian.note'])).toBe(true);
  });

  it('leaves every other source to the permissions of its producer', () => {
    expect(denies(role('producer'), ['tower.lax', 'meridian', 'meridians.x'])).toBe(false);
  });
});

describe('what each role may do', () => {
  const events = `arn:aws:dynamodb:us-east-1:${account}:table/meridian-events`;
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
      ],
    ],
    ['command', transacts],
    [
      'participant',
      [
        ...['GetItem', 'PutItem', 'Query', 'UpdateItem'].map((action) => `dynamodb:${action} on ${events}`),
        ...snapshots,
        ...decisions('GetItem', 'PutItem'),
        ...elsewhere('participant'),
      ],
    ],
    ['coordinate', [`dynamodb:GetItem on ${events}`, ...decisions('GetItem', 'PutItem', 'Query')]],
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
        // Its sightings, no row of a view; test/lambdas/wiring.test.ts sees it write there.
        'dynamodb:UpdateItem on GlobalTable(meridian-views) if {"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["meridian#seen"]}}',
        'events:PutEvents on EventBus(meridian)',
        's3:ListBucket on Bucket()',
        's3:PutObject on Bucket()/aws/lambda/*',
        'sqs:SendMessage on Queue(meridian-projection)',
        'sqs:SendMessage on Queue(meridian-resolver)',
      ],
    ],
    [
      'projection',
      [
        `dynamodb:Query on ${events}`,
        ...snapshots,
        ...decisions('GetItem'),
        'dynamodb:BatchGetItem on GlobalTable(meridian-views)',
        'dynamodb:PutItem on GlobalTable(meridian-views)',
        'dynamodb:UpdateItem on GlobalTable(meridian-views)',
        ...consume('meridian-projection'),
      ],
    ],
    [
      'operate',
      [
        `dynamodb:Query on ${events}`,
        `dynamodb:Scan on ${events}`,
        ...decisions('GetItem'),
        ...['BatchGetItem', 'BatchWriteItem', 'PutItem', 'Query', 'UpdateItem'].map(
          (action) => `dynamodb:${action} on GlobalTable(meridian-views)`,
        ),
        'events:PutEvents on EventBus(meridian)',
        ...['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'ReceiveMessage', 'SendMessage'].map(
          (action) => `sqs:${action} on Queue(meridian-quarantine)`,
        ),
        'sqs:SendMessage on Queue(meridian-ingest)',
        'sqs:SendMessage on Queue(meridian-resolver)',
      ],
    ],
    ['stream-lookup', [`dynamodb:DescribeTable on ${events}`, ...decisions('DescribeTable')]],
  ])('%s: what it calls and nothing else', (name, expected) => {
    expect(region.permissions(`meridian-us-east-1-${name}`)).toEqual([...expected, ...basics(name)].sort());
  });

  it('forward: to put on the other buses', () => {
    expect(region.permissions('meridian-us-east-1-forward')).toEqual([
      `events:PutEvents on arn:aws:events:us-east-2:${account}:event-bus/meridian`,
      `events:PutEvents on arn:aws:events:us-west-2:${account}:event-bus/meridian`,
    ]);
  });

  it('forward: taken by EventBridge for the forwarding rules of this account alone', () => {
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

  it('is said in those policies alone, and there are no other roles', () => {
    const roles = region.ofType('AWS::IAM::Role');
    expect(roles.map(({ Properties }) => Properties.RoleName).sort()).toEqual(
      [...functions, 'forward', 'transactions'].map((id) => `meridian-us-east-1-${id}`).sort(),
    );
    for (const { Properties } of roles) {
      expect(Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(Properties).not.toHaveProperty('Policies');
    }
    expect(region.ofType('AWS::IAM::ManagedPolicy')).toEqual([]);
    expect(region.ofType('AWS::Lambda::Permission')).toEqual([]);
  });
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
    EVENTS_TABLE: 'meridian-events',
    SNAPSHOTS_TABLE: 'meridian-snapshots',
    TRANSACTIONS_TABLE: 'meridian-transactions',
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
      },
    ],
    ['api', { ...transacting, COMMAND_FUNCTION: 'meridian-command', VIEWS_TABLE: 'meridian-views' }],
    ['command', transacting],
    ['participant', { ...shared, PARTICIPANT_FUNCTION: 'meridian-participant' }],
    [
      'coordinate',
      {
        MERIDIAN_NAME: 'meridian',
        EVENTS_TABLE: 'meridian-events',
        TRANSACTIONS_TABLE: 'meridian-transactions',
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
        VIEWS_TABLE: 'meridian-views',
      },
    ],
    [
      'projection',
      {
        MERIDIAN_NAME: 'meridian',
        EVENTS_TABLE: 'meridian-events',
        SNAPSHOTS_TABLE: 'meridian-snapshots',
        TRANSACTIONS_TABLE: 'meridian-transactions',
        DECISIONS: 'strong',
        VIEWS_TABLE: 'meridian-views',
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
      },
    ],
  ])('%s is told what it needs', (name, expected) => {
    const { NODE_OPTIONS, ...told } = variablesOf(name);
    expect(NODE_OPTIONS).toBe('--enable-source-maps');
    expect(told).toEqual(expected);
  });

  afterEach(() => vi.unstubAllEnvs());
  it.each(functions.filter((name) => name !== 'stream-lookup'))('%s starts with what it is told', async (name) => {
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
    // 10 s of tries, and a call of a service that has just begun.
    ['command', 40],
    // Nothing new after 10 s, then a call of another Region (28 s) and one of the bus or the quarantine (15 s).
    ['ingest', 55],
    ['api', 55],
    // 10 s of tries, a read and a write.
    ['projection', 50],
    ['relay', 60],
    // Nothing new after 15 s, then 10 s of tries, a read and a write.
    ['operate', 60],
    // 10 s of tries, and a call of a service that has just begun.
    ['participant', 30],
    // Another Region has 4 s to tell a decision, and 4 s to make one. What is cut off comes again, and soon: that is what counts.
    ['resolver', 10],
  ])('%s can end what it has begun: it has %i s or more', (name, least) => {
    expect(timeoutOf(name)).toBeGreaterThanOrEqual(least);
  });

  it('that wait for another have more time than it', () => {
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
    '%s works on batches of %s, and what fails goes to %s after %i receives',
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

  it('resolver works on messages when they are due, again within the 30 s that recovery has, and what it cannot finish is kept', () => {
    expect(mappingOf('resolver')).toMatchObject({ BatchSize: 10, FunctionResponseTypes: ['ReportBatchItemFailures'] });
    const queue = region.named('AWS::SQS::Queue', 'meridian-resolver').Properties;
    // Each message brings its own delay.
    expect(queue).not.toHaveProperty('DelaySeconds');
    expect(queue.VisibilityTimeout).toBe(timeoutOf('resolver'));
    const { deadLetterTargetArn, maxReceiveCount } = z
      .object({ deadLetterTargetArn: z.unknown(), maxReceiveCount: z.number() })
      .parse(queue.RedrivePolicy);
    expect(region.text(deadLetterTargetArn)).toBe('Queue(meridian-resolver-dead-letter)');
    // A message that comes a second after its deadline is tried a second and a third time within 30 s of it.
    expect(timeoutOf('resolver')).toBeLessThanOrEqual(14);
    expect(maxReceiveCount).toBe(1000); // the most that SQS takes
  });

  it.each([
    ['commits', /^EventsStream/],
    ['decisions', /^TransactionsStream/],
  ])(
    'relay reads the stream of %s from its start, in order, and gives up on a record in time to save those behind it',
    (_what, stream) => {
      const isOf = ({ EventSourceArn }: Resource['Properties']) => {
        const [source] = z
          .object({ 'Fn::GetAtt': z.tuple([z.string(), z.literal('StreamArn')]) })
          .parse(EventSourceArn)['Fn::GetAtt'];
        return stream.test(source);
      };
      expect(mappingsOf('relay')).toHaveLength(2);
      const properties = mappingsOf('relay').find(isOf) ?? expect.fail('there is no mapping');
      const { EventSourceArn: _, FunctionName: __, DestinationConfig, Tags: ___, ...mapping } = properties;
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
      const { OnFailure } = z.object({ OnFailure: z.object({ Destination: z.unknown() }) }).parse(DestinationConfig);
      expect(region.text(OnFailure.Destination)).toBe('Bucket()');
    },
  );
});

describe('the stream lookup', () => {
  const lookup = (reader: TemplateReader, table = 'meridian-events') =>
    reader.named('AWS::CloudFormation::CustomResource', table).Properties;
  const tables = ['meridian-events', 'meridian-transactions'];

  it('is a plain custom resource of a function in its Region, one for each global table', () => {
    expect(region.ofType('AWS::CloudFormation::CustomResource')).toHaveLength(tables.length);
    for (const table of tables)
      expect(region.text(lookup(region, table).ServiceToken)).toBe('Function(meridian-stream-lookup)');
  });

  it.each(tables)('of %s runs again when the view type, the replicas, the log or the nonce change', (table) => {
    expect(lookup(region, table)).toMatchObject({
      TableName: table,
      ViewType: 'NEW_AND_OLD_IMAGES',
      Replicas: three,
      Log: 'us-east-1',
      Nonce: '1',
    });
    expect(lookup(firstRegionOf(five))).toMatchObject({
      Replicas: [...three, 'eu-west-1', 'ap-northeast-1'],
      Nonce: '2',
    });
  });
});

describe('the state machine of transactions', () => {
  it('is an Express machine that is traced and logs what goes wrong, without what was asked for', () => {
    const machine = region.named('AWS::StepFunctions::StateMachine', 'meridian-transactions').Properties;
    expect(machine).toMatchObject({
      StateMachineType: 'EXPRESS',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { Level: 'ERROR', IncludeExecutionData: false, Destinations: [expect.anything()] },
    });
    expect(
      region.named('AWS::Logs::LogGroup', '/aws/vendedlogs/states/meridian-transactions').Properties,
    ).toMatchObject({ RetentionInDays: 30 });
  });

  it('gives every task more time than its function has, and tries it again with full jitter', () => {
    const tasks = [...tasksOf(definitionOf())];
    expect(tasks.map(([name]) => name).sort()).toEqual(['Abort', 'Commit', 'Decide', 'Finalise', 'Plan', 'Prepare']);
    for (const [name, { Resource: resource, TimeoutSeconds, Retry }] of tasks) {
      const { Timeout } = region.named('AWS::Lambda::Function', resource.split(':').at(-1) ?? '').Properties;
      expect(TimeoutSeconds, name).toBe(Number(Timeout) + 5);
      expect(Retry, name).toEqual([
        expect.objectContaining({ JitterStrategy: 'FULL', BackoffRate: 2, IntervalSeconds: 1, MaxAttempts: 3 }),
      ]);
    }
  });

  it('ends before Express ends it', () => {
    expect(definitionOf()).toMatchObject({ TimeoutSeconds: 300 });
  });
});

const taskSchema = z.object({
  Type: z.literal('Task'),
  Resource: z.string(),
  TimeoutSeconds: z.number(),
  Retry: z.array(z.unknown()),
});

/** Every task of a definition by its name, those in maps too. */
function* tasksOf(machine: unknown): Iterable<readonly [string, z.infer<typeof taskSchema>]> {
  const { States } = z.object({ States: z.record(z.string(), z.looseObject({})) }).parse(machine);
  for (const [name, state] of Object.entries(States)) {
    const task = taskSchema.safeParse(state);
    if (task.success) yield [name, task.data];
    if ('ItemProcessor' in state) yield* tasksOf(state.ItemProcessor);
  }
}
