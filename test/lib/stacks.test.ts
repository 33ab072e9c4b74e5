import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { account, fiveRegions, functions, three } from './stacks-fixture.ts';
import { firstRegionOf, regionsOf, type Synthesized, synthesize } from './synthesize.ts';
import { type Resource, TemplateReader } from './template.ts';
import { definitionOf } from './transaction-definition.ts';

const taskSchema = z.object({
  Type: z.literal('Task'),
  Resource: z.string(),
  TimeoutSeconds: z.number(),
  Retry: z.array(z.unknown()),
});

/** Every task of a definition by its name, including tasks in maps. */
function* tasksOf(machine: unknown): Iterable<readonly [string, z.infer<typeof taskSchema>]> {
  const { States } = z.object({ States: z.record(z.string(), z.looseObject({})) }).parse(machine);
  for (const [name, state] of Object.entries(States)) {
    const task = taskSchema.safeParse(state);
    if (task.success) yield [name, task.data];
    if ('ItemProcessor' in state) yield* tasksOf(state.ItemProcessor);
  }
}

// Each configuration is synthesized once; the first of three Regions represents all where they are alike.
let app: Synthesized;
let throwaway: Synthesized;
let five: Synthesized;
let global: TemplateReader;
let region: TemplateReader;
beforeAll(() => {
  app = synthesize({ cloudFormationRules: true });
  throwaway = synthesize({ context: { ephemeral: 'true', name: 'trial', regions: 'eu-west-1,eu-west-2' } });
  five = synthesize({ context: { ...fiveRegions, maxReadUnits: 4000, maxWriteUnits: 1000 } });
  global = new TemplateReader(app.globalTemplate);
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

  it('has a stack per Region that forwards its events, deployed when the buses of all Regions exist', () => {
    expect(app.forwarding.map((stack) => [stack.stackName, stack.region])).toEqual(
      three.map((name) => [`meridian-${name}-forwarding`, name]),
    );
    for (const stack of app.forwarding) expect(stack.dependencies).toEqual(expect.arrayContaining([...app.regions]));
  });

  it('has rules that target another Region in the stacks that are deployed last only', () => {
    const targetsOf = (template: TemplateReader) =>
      template
        .ofType('AWS::Events::Rule')
        .flatMap(({ Properties }) => z.array(z.object({ Arn: z.unknown() })).parse(Properties.Targets))
        .map(({ Arn }) => template.text(Arn))
        .filter((arn) => arn.startsWith('arn:'));
    for (const template of app.regionTemplates) expect(targetsOf(new TemplateReader(template))).toEqual([]);
    for (const template of app.forwardingTemplates) expect(targetsOf(new TemplateReader(template))).toHaveLength(2);
  });

  it('works in any account unless one is given', () => {
    expect(app.global.environment).toBe('aws://unknown-account/us-east-1');
    expect(five.regions.map((stack) => stack.account)).toEqual(Array.from(five.regions, () => account));
  });

  it('passes every check without a finding, with two, three and five Regions', () => {
    for (const { findings, regions } of [throwaway, app, five])
      expect(findings, `${regions.length} Regions`).toEqual([]);
  });

  it('warns of a Region that may lack a service', () => {
    const warned = (regions: readonly string[]) =>
      synthesize({ context: { regions } })
        .global.node.metadata.filter(({ type }) => type === 'aws:cdk:warning')
        .map(({ data }): unknown => data);
    expect(warned(['eu-south-2', 'eu-central-1'])).toEqual([
      expect.stringMatching(/^eu-south-2 may have no Function URLs .*\[ack: meridian:missing-service\]$/),
    ]);
    expect(warned(['eu-west-1', 'eu-central-1'])).toEqual([]);
  });

  it('refers to nothing in another stack, so that each Region can be deployed alone', () => {
    for (const template of [app.globalTemplate, ...app.regionTemplates, ...app.forwardingTemplates])
      expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue');
  });

  it('derives every name from the prefix', () => {
    const { regionTemplates, forwardingTemplates } = throwaway;
    const text = JSON.stringify(
      [...regionTemplates, ...forwardingTemplates].map((template) => template.toJSON().Resources),
    );
    expect(text).toContain('trial-ingest');
    expect(text).not.toMatch(/"(meridian-|[^"]*\/meridian-)/);
  });
});

describe('the global stack', () => {
  const tableOf = (name: string, reader = global) => reader.named('AWS::DynamoDB::GlobalTable', name).Properties;
  const [events, transactions, conflicts] = ['meridian-events', 'meridian-transactions', 'meridian-conflicts'];
  const placement = 'meridian-placement';

  it.each([events, transactions, conflicts, placement])(
    'contains the table %s with its stream, as one of four tables',
    (name) => {
      expect(global.types).toEqual(new Set(['AWS::DynamoDB::GlobalTable']));
      expect(global.ofType('AWS::DynamoDB::GlobalTable')).toHaveLength(4);
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
    },
  );

  it('replicates events, conflicts and where homes are eventually, which is the default of a table', () => {
    for (const name of [events, conflicts, placement])
      expect(tableOf(name)).not.toHaveProperty('MultiRegionConsistency');
  });

  it('lists conflicts by time', () => {
    expect(tableOf(conflicts).GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'listed',
        KeySchema: [
          { AttributeName: 'bucket', KeyType: 'HASH' },
          { AttributeName: 'listed', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ]);
  });

  it('replicates decisions strongly where the Regions allow it, without the settings that DynamoDB then refuses', () => {
    const decisions = tableOf(transactions);
    expect(decisions.MultiRegionConsistency).toBe('STRONG');
    for (const refused of ['TimeToLiveSpecification', 'LocalSecondaryIndexes', 'GlobalTableWitnesses'])
      expect(decisions).not.toHaveProperty(refused);
  });

  it('replicates decisions eventually elsewhere, and if it is configured to', () => {
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

  it('outputs the values that operators must keep', () => {
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
  const all = (synthesized: Synthesized) => [new TemplateReader(synthesized.globalTemplate), ...regionsOf(synthesized)];
  const kept = (synthesized: Synthesized): Resource[] =>
    all(synthesized)
      .flatMap((template) => retained.flatMap((type) => template.ofType(type)))
      // Except for data that is recomputed from the rest.
      .filter(({ Properties }) => Properties.TableName !== 'meridian-snapshots');

  it('outlives its stack, unless the stack was never created', () => {
    expect(kept(app)).toHaveLength(4 + 3 * (1 + 1 + 1 + functions.length));
    for (const resource of kept(app))
      expect(resource).toMatchObject({ DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
  });

  it('is deleted with an ephemeral stack', () => {
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

  it('is in tables without a maximum of requests, unless one is set: then for every table in every Region', () => {
    const tables = (of: Synthesized) => all(of).flatMap((template) => template.ofType('AWS::DynamoDB::GlobalTable'));
    expect(JSON.stringify(tables(app))).not.toContain('OnDemandThroughput');
    const limited = tables(five);
    expect(limited.length).toBeGreaterThan(5);
    for (const { Properties } of limited) {
      expect(Properties.WriteOnDemandThroughputSettings).toEqual({ MaxWriteRequestUnits: 1000 });
      const replicas = z.array(z.looseObject({})).parse(Properties.Replicas);
      for (const replica of replicas)
        expect(replica.ReadOnDemandThroughputSettings).toEqual({ MaxReadRequestUnits: 4000 });
    }
  });

  it('of snapshots is kept per Region, and deleted with its stack: it is recomputed from the events', () => {
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
      LifecycleConfiguration: {
        Rules: [expect.objectContaining({ ExpirationInDays: 90, NoncurrentVersionExpiration: { NoncurrentDays: 1 } })],
      },
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

describe('the stream lookup', () => {
  const lookup = (reader: TemplateReader, table = 'meridian-events') =>
    reader.named('AWS::CloudFormation::CustomResource', table).Properties;
  const tables = ['meridian-events', 'meridian-transactions', 'meridian-conflicts'];

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
  it('is an Express machine that is traced and logs errors, without their input', () => {
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

  it('gives every task more time than its function has, and retries it with full jitter', () => {
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
