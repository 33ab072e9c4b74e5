import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { parseConfig } from '../../../lib/config.ts';
import { Encryption } from '../../../lib/constructs/encryption.ts';
import { encryptionKeyStatements } from '../../../lib/index.ts';
import { account, functions, three } from '../stacks-fixture.ts';
import { aSubscriber, regionsOf, type Synthesized, synthesize } from '../synthesize.ts';
import { type Resource, TemplateReader } from '../template.ts';

const page = readFileSync('docs/operations/encryption.md', 'utf8');
const keyOf = (region: string) => `arn:aws:kms:${region}:${account}:key/0123-${region}`;
const encryptionKeys = Object.fromEntries(three.map((region) => [region, keyOf(region)]));
const subscribers = { subscriber: aSubscriber };

let withKeys: Synthesized;
let without: Synthesized;
beforeAll(() => {
  withKeys = synthesize({ context: { encryptionKeys }, subscribers });
  without = synthesize({ subscribers });
});

const replicasSchema = z.array(
  z.object({ Region: z.string(), SSESpecification: z.object({ KMSMasterKeyId: z.string() }).optional() }),
);
const bucketSchema = z.object({
  ServerSideEncryptionConfiguration: z.array(
    z.object({ ServerSideEncryptionByDefault: z.object({ KMSMasterKeyID: z.unknown().optional() }) }),
  ),
});
/** Reads the keys of a resource, with the Regions of what each encrypts. */
type KeysOf = (properties: Resource['Properties'], region: string) => readonly (readonly [string, unknown])[];
function inRegion(read: (properties: Resource['Properties']) => unknown): KeysOf {
  return (properties, region) => [[region, read(properties)]];
}

/** Where each type of resource that stores or carries data names the key of a Region. */
const KEYS_OF: Readonly<Record<string, KeysOf>> = {
  'AWS::DynamoDB::GlobalTable': ({ Replicas }) =>
    replicasSchema.parse(Replicas).map(({ Region, SSESpecification }) => [Region, SSESpecification?.KMSMasterKeyId]),
  'AWS::SQS::Queue': inRegion(({ KmsMasterKeyId }) => KmsMasterKeyId),
  'AWS::SNS::Topic': inRegion(({ KmsMasterKeyId }) => KmsMasterKeyId),
  'AWS::Events::EventBus': inRegion(({ KmsKeyIdentifier }) => KmsKeyIdentifier),
  // Without a key, the CDK writes an empty text.
  'AWS::Events::Archive': inRegion(({ KmsKeyIdentifier }) => KmsKeyIdentifier || undefined),
  'AWS::Logs::LogGroup': inRegion(({ KmsKeyId }) => KmsKeyId),
  'AWS::StepFunctions::StateMachine': inRegion(
    ({ EncryptionConfiguration }) =>
      z.object({ KmsKeyId: z.unknown() }).optional().parse(EncryptionConfiguration)?.KmsKeyId,
  ),
  'AWS::S3::Bucket': inRegion(
    ({ BucketEncryption }) =>
      bucketSchema.parse(BucketEncryption).ServerSideEncryptionConfiguration[0]?.ServerSideEncryptionByDefault
        .KMSMasterKeyID,
  ),
};

/** Types without data of users: each new type has to be put here, or above. */
const WITHOUT_DATA: ReadonlySet<string> = new Set([
  // Code, and the names in environment variables, which are always encrypted.
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Url',
  ...['AWS::IAM::Role', 'AWS::IAM::Policy', 'AWS::Events::EventBusPolicy', 'AWS::SQS::QueuePolicy'],
  ...['AWS::S3::BucketPolicy', 'AWS::SNS::TopicPolicy', 'AWS::SNS::Subscription'],
  // The bus encrypts its rules.
  'AWS::Events::Rule',
  // Schemas, not events.
  ...['AWS::CloudFormation::Stack', 'AWS::EventSchemas::Registry', 'AWS::EventSchemas::Schema'],
  'AWS::CloudFormation::CustomResource',
  ...['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard'],
]);

/** The keys that everything in a deployment is encrypted with: `type → [Region, key]`. */
function keysIn(app: Synthesized) {
  const stacks = [
    ['us-east-1', new TemplateReader(app.globalTemplate)],
    ...regionsOf(app).map((template, i) => [three[i] ?? '', template] as const),
  ] as const;
  return stacks.flatMap(([region, template]) =>
    [...template.types].flatMap((type) =>
      template.ofType(type).flatMap(({ Properties }) => {
        const read = KEYS_OF[type];
        if (read) return read(Properties, region).map(([where, key]) => ({ type, where, key }));
        expect(WITHOUT_DATA.has(type) || type === 'AWS::KMS::Key', `decide whether ${type} has data`).toBe(true);
        return [];
      }),
    ),
  );
}

describe('with a customer-managed key for each Region', () => {
  it('everything that stores or carries data is encrypted with the key of its Region', () => {
    const found = keysIn(withKeys);
    expect(new Set(found.map(({ type }) => type))).toEqual(new Set(Object.keys(KEYS_OF)));
    for (const { type, where, key } of found) expect(key, `${type} in ${where}`).toBe(keyOf(where));
  });

  it('a key of another partition is refused', () => {
    const china = { ...encryptionKeys, 'us-west-2': keyOf('us-west-2').replace('aws', 'aws-cn') };
    expect(() => synthesize({ context: { encryptionKeys: china } })).toThrow(
      /"encryptionKeys": arn:aws-cn:.* is in another partition than us-west-2: write arn:aws:/,
    );
  });

  it('no key is created, and the checks find nothing', () => {
    for (const template of regionsOf(withKeys)) expect(template.ofType('AWS::KMS::Key')).toEqual([]);
    expect(withKeys.findings).toEqual([]);
  });

  it('everything else is the same', () => {
    const types = ({ regionTemplates: [first] }: Synthesized) =>
      new TemplateReader(first ?? expect.fail()).types.difference(new Set(['AWS::KMS::Key']));
    expect(types(withKeys)).toEqual(types(without));
  });

  it('each role may use its key through the services of what it uses, and through no other', () => {
    const [template] = regionsOf(withKeys);
    const names = [...functions, 'subscriber', 'transactions', 'forward'];
    for (const name of names) {
      const permissions = template?.permissions(`meridian-us-east-1-${name}`) ?? expect.fail();
      const may = (pattern: RegExp) => permissions.some((permission) => pattern.test(permission));
      const uses = (service: string, action: string) =>
        permissions.some(
          (permission) =>
            permission.startsWith(`kms:${action} on ${keyOf('us-east-1')} if `) &&
            permission.includes(
              `"kms:ViaService":{"Fn::Join":["",["${service}.us-east-1.",{"Ref":"AWS::URLSuffix"}]]}`,
            ),
        );
      const readsData = may(/^dynamodb:(Get|Put|Update|Delete|BatchGet|BatchWrite)?(Item|Query|Scan)/);
      expect(uses('dynamodb', 'Encrypt'), `${name}: tables`).toBe(readsData);
      expect(uses('dynamodb', 'Decrypt'), `${name}: tables and streams`).toBe(readsData || may(/^dynamodb:GetRecords/));
      expect(uses('sqs', 'GenerateDataKey'), `${name}: sends`).toBe(may(/^sqs:SendMessage/));
      expect(uses('sqs', 'Decrypt'), `${name}: receives`).toBe(may(/^sqs:(Send|Receive)Message/));
      expect(uses('s3', 'GenerateDataKey'), `${name}: buckets`).toBe(may(/^s3:PutObject/));
      const executions = may(/^kms:Decrypt on .*"kms:EncryptionContext:aws:states:stateMachineArn"/);
      expect(executions, `${name}: executions`).toBe(may(/^states:StartExecution/) || name === 'transactions');
      for (const permission of permissions.filter((each) => each.startsWith('kms:')))
        expect(permission, name).toMatch(/ if .*"kms:(ViaService|EncryptionContext)/);
    }
  });
});

describe('without keys', () => {
  it('everything is encrypted with keys of AWS, except for the topic of the alarms', () => {
    for (const { type, where, key } of keysIn(without))
      if (type !== 'AWS::SNS::Topic') expect(key, `${type} in ${where}`).toBeUndefined();
  });

  it('no role uses a key', () => {
    expect(JSON.stringify(regionsOf(without).flatMap((template) => template.ofType('AWS::IAM::Policy')))).not.toContain(
      'kms:',
    );
  });
});

describe('the encryption of a stack', () => {
  it('has to be created before what it encrypts: nothing is left unencrypted by mistake', () => {
    const stack = new Stack(new App(), 'Bare');
    expect(() => Encryption.of(new Queue(stack, 'Queue'))).toThrow('Bare/Queue is encrypted');
  });
});

describe('the page on encryption', () => {
  it('has a configuration that is accepted', () => {
    const [, json = ''] = /In `cdk\.json`:\n\n```json\n([\s\S]*?)```/.exec(page) ?? [];
    const { context } = z.object({ context: z.record(z.string(), z.unknown()) }).parse(JSON.parse(json));
    const config = parseConfig({ context: (key) => ({ ...context, regions: three })[key] });
    expect(Object.keys(config.encryptionKeys)).toEqual(three);
  });
});

describe('the policy of a key', () => {
  it('is, on the page, what the stacks need', () => {
    const stack = new Stack(new App(), 'Keys', { env: { region: 'us-east-1', account: '111122223333' } });
    const text = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(text);
      if (typeof value !== 'object' || value === null) return value;
      const entries = Object.entries(value);
      const [[intrinsic, operand] = []] = entries;
      if (intrinsic === 'Ref') return operand === 'AWS::Partition' ? 'aws' : 'amazonaws.com';
      if (intrinsic === 'Fn::Join')
        return z
          .tuple([z.string(), z.array(z.unknown())])
          .parse(operand)[1]
          .map(text)
          .join('');
      return Object.fromEntries(entries.map(([key, each]) => [key, text(each)]));
    };
    const [, json = ''] = /## The policy of each key\n[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? [];
    const { Statement } = z.object({ Statement: z.array(z.unknown()) }).parse(JSON.parse(json));
    const statements = encryptionKeyStatements(stack, { name: 'shop' }).map((each) =>
      text(stack.resolve(each.toJSON())),
    );
    expect(Statement.slice(1)).toEqual(statements);
  });

  it('allows each service only what belongs to the deployment', () => {
    const stack = new Stack(new App(), 'Keys', { env: { region: 'us-east-1', account: '111122223333' } });
    const unlimited = encryptionKeyStatements(stack)
      .filter((each) => Object.keys(each.conditions).length === 0)
      .map((each) => [each.sid, each.actions]);
    expect(unlimited).toEqual([['BusAndArchiveFindTheKey', ['kms:DescribeKey']]]);
  });
});
