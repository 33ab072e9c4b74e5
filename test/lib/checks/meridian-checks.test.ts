import { CfnResource, type Stack, Validations } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { Rule } from 'aws-cdk-lib/aws-events';
import { CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it, vi } from 'vitest';
import { LIMITS } from '../../../core/limits/relations.ts';
import { MeridianChecks } from '../../../lib/checks/meridian-checks.ts';
import { parseConfig } from '../../../lib/config.ts';
import type { MeridianStacks } from '../../../lib/meridian.ts';
import { matches } from '../event-pattern.ts';
import { aSubscriber, synthesize } from '../synthesize.ts';
import { TemplateReader } from '../template.ts';

// The first synth of a process loads the CDK and its validation engine, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const two = ['us-east-1', 'us-west-2'];
const three = ['us-east-1', 'us-east-2', 'us-west-2'];
const five = [...two, 'us-east-2', 'eu-west-1', 'ap-northeast-1'];
function globalTable({ global }: MeridianStacks): CfnGlobalTable {
  const table = global.node.findAll().find((construct) => construct instanceof CfnGlobalTable);
  if (table === undefined) throw new Error('there is no global table');
  return table;
}
describe('the checks at synth', () => {
  it('include the rules of AWS Solutions', () => {
    const change = ({ global }: MeridianStacks) => void new Queue(global, 'Open');
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/AwsSolutions-SQS4/);
  });

  it('refuse a replica without point-in-time recovery and name it', () => {
    const change = (stacks: MeridianStacks) =>
      globalTable(stacks).addPropertyOverride(
        'Replicas.0.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
        false,
      );
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/point-in-time recovery: us-west-2/);
  });

  it('refuse a replica without a setting for point-in-time recovery', () => {
    const change = (stacks: MeridianStacks) =>
      globalTable(stacks).addPropertyDeletionOverride('Replicas.1.PointInTimeRecoverySpecification');
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/point-in-time recovery: us-east-1/);
  });

  it('refuse a replica without point-in-time recovery in any stack', () => {
    const change = ({ regions: [, second] }: MeridianStacks) =>
      void new CfnResource(second ?? expect.fail(), 'Other', {
        type: 'AWS::DynamoDB::GlobalTable',
        properties: {
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
          Replicas: [{ Region: { Ref: 'AWS::Region' } }],
        },
      });
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/point-in-time recovery: .*AWS::Region/);
  });

  it('refuse two changes of replicas in one deploy', () => {
    expect(() => synthesize({ context: { regions: five.slice(0, 4) }, deployed: { regions: two } })).toThrow(
      /one replica .*2: \+us-east-2 \+eu-west-1/,
    );
  });

  it('refuse a change of the primary Region', () => {
    expect(() => synthesize({ context: { regions: two }, deployed: { regions: two.toReversed() } })).toThrow(
      /primary Region .*us-west-2 .*us-east-1/,
    );
  });

  it('refuse a change of the consistency of the decisions', () => {
    expect(() =>
      synthesize({
        context: { regions: three, decisions: 'strong' },
        deployed: { regions: three, decisions: 'eventual' },
      }),
    ).toThrow(/"decisions": "eventual" .*"strong"/);
  });

  it('refuse a change of the consistency of the decisions that results from the default of other Regions', () => {
    expect(() =>
      synthesize({ context: { regions: [...three, 'eu-west-1'] }, deployed: { regions: three, decisions: 'strong' } }),
    ).toThrow(/"decisions": "strong" .*"eventual"/);
  });

  it('refuse limits that contradict each other, and name them', () => {
    const limits = { ...LIMITS, REMOTE_MS: 100_000 };
    const config = parseConfig({ context: (key) => (key === 'regions' ? two : undefined) });
    const change = ({ global }: MeridianStacks) =>
      Validations.of(global.node.root).addPlugins(new MeridianChecks({ config, deployed: undefined, limits }));
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/a caller of command .*100000 .*45000/);
  });

  const inFirst =
    (add: (stack: Stack) => void) =>
    ({ regions: [first] }: MeridianStacks) =>
      add(first ?? expect.fail());

  it('refuse a rule whose pattern is longer than EventBridge accepts', () => {
    const source = Array.from({ length: 100 }, (_, i) => `meridian.a-stream-type-${i}`);
    const change = inFirst((stack) => void new Rule(stack, 'Long', { ruleName: 'long', eventPattern: { source } }));
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/pattern has \d+ characters.*2048/);
  });

  it('refuse a queue that is smaller than an event of the bus', () => {
    const change = inFirst((stack) => {
      const queue = stack.node.findAll().find((construct) => construct instanceof CfnQueue);
      queue?.addPropertyOverride('MaximumMessageSize', 262_144);
    });
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/messages of 262144 bytes/);
  });

  it('refuse a template that is larger than CloudFormation accepts', () => {
    const change = inFirst((stack) => {
      stack.templateOptions.metadata = { text: 'x'.repeat(1_000_000) };
    });
    expect(() => synthesize({ context: { regions: two }, change })).toThrow(/1\d{6} bytes; the limit is 1000000/);
  });

  it('allow 200 stream types with two events each, a view of each type, and a subscriber to all of them', () => {
    const types = Array.from({ length: 200 }, (_, i) => `a-stream-type-${i}`);
    const schema = { type: 'object', description: 'x'.repeat(2_000) };
    const eventSchemas = Object.fromEntries(
      types.flatMap((type) => ['Opened', 'Closed'].map((event) => [`meridian.${type}@${event}`, schema])),
    );
    const { regionTemplates } = synthesize({
      context: { regions: two },
      projectedTypes: types,
      streamTypes: types,
      eventSchemas,
      subscribers: { everything: { ...aSubscriber, streamTypes: types } },
    });
    for (const template of regionTemplates) {
      const reader = new TemplateReader(template);
      const patterns = (name: string) =>
        reader
          .ofType('AWS::Events::Rule')
          .filter(({ Properties }) => new RegExp(`^meridian-${name}(\\.\\d+)?$`).test(String(Properties.Name)))
          .map(({ Properties }) => Properties.EventPattern);
      for (const name of ['fast-path', 'everything']) {
        for (const pattern of patterns(name)) expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(2048);
        for (const type of types) {
          const event = { source: `meridian.${type}`, detail: { meta: { region: 'elsewhere', log: 'elsewhere' } } };
          expect(patterns(name).filter((pattern) => matches(pattern, event))).toHaveLength(1);
        }
      }
      expect(reader.ofType('AWS::CloudFormation::Stack')).toHaveLength(3);
    }
  });

  it.each([
    [['us-east-1', 'eu-wset-1'], /eu-wset-1 is not an AWS Region .*did you mean eu-west-1/],
    [['us-east-1', 'cn-north-1'], /cn-north-1 is in the partition aws-cn/],
  ])('refuse Regions that cannot form a deployment: %j', (regions, fault) => {
    expect(() => synthesize({ context: { regions } })).toThrow(fault);
  });

  it('allow one change of replicas', () => {
    expect(() => synthesize({ context: { regions: five.slice(0, 3) }, deployed: { regions: two } })).not.toThrow();
  });

  it('allow any change of ephemeral stacks', () => {
    expect(() =>
      synthesize({ context: { regions: two, ephemeral: true }, deployed: { regions: five, decisions: 'strong' } }),
    ).not.toThrow();
  });
});
