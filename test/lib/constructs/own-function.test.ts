import { resolve } from 'node:path';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import type { FunctionProps } from '../../../lib/index.ts';
import { aSubscriber, type Synthesized, synthesize } from '../synthesize.ts';
import { TemplateReader } from '../template.ts';

// The first synth of a process loads the CDK and its validation engine.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const ACCOUNT = '123456789012';
const regions = ['us-east-1', 'us-east-2', 'us-west-2'];
const entry = resolve('starter/subscribers/picker.ts');
const granted: string[] = [];
const importer: FunctionProps = {
  entry,
  environment: { SOURCE: 'warehouse' },
  timeoutSeconds: 5,
  memoryMb: 256,
  needs: ['bus', 'api'],
  grant: (fn, region) => {
    granted.push(region);
    Queue.fromQueueArn(fn.stack, 'Imports', `arn:aws:sqs:${region}:${ACCOUNT}:imports`).grantSendMessages(fn);
  },
};

let app: Synthesized;
let templates: readonly TemplateReader[];
beforeAll(() => {
  app = synthesize({
    context: { account: ACCOUNT },
    functions: { importer, nightly: { entry, runsIn: 'us-west-2' } },
    subscribers: { mailer: { ...aSubscriber, needs: ['api'], runsIn: 'us-east-1' } },
  });
  templates = app.regionTemplates.map((template) => new TemplateReader(template));
});
function inRegion(i: number): TemplateReader {
  return templates[i] ?? expect.fail(`there is no Region ${i}`);
}
function variablesOf(i: number, name: string) {
  const { Environment } = inRegion(i).named('AWS::Lambda::Function', name).Properties;
  return z.object({ Variables: z.record(z.string(), z.unknown()) }).parse(Environment).Variables;
}
const apis = (where: readonly string[]) =>
  where.map((region) => `arn:aws:lambda:${region}:${ACCOUNT}:function:meridian-api`);

describe("a function of a team's own", () => {
  it('exists in every Region, with its timeout, memory and environment, and passes every check', () => {
    for (const i of regions.keys()) {
      const { Timeout, MemorySize, LoggingConfig } = inRegion(i).named(
        'AWS::Lambda::Function',
        'meridian-importer',
      ).Properties;
      expect([Timeout, MemorySize]).toEqual([5, 256]);
      expect(LoggingConfig).toMatchObject({ LogFormat: 'JSON' });
      expect(variablesOf(i, 'meridian-importer')).toMatchObject({ SOURCE: 'warehouse', MERIDIAN_NAME: 'meridian' });
      inRegion(i).named('AWS::IAM::Role', `meridian-${regions[i]}-importer`);
    }
    expect(granted).toEqual(regions);
    expect(app.findings).toEqual([]);
  });

  it('may run in one Region alone', () => {
    const has = (i: number) =>
      inRegion(i)
        .ofType('AWS::Lambda::Function')
        .some(({ Properties }) => Properties.FunctionName === 'meridian-nightly');
    expect([0, 1, 2].map(has)).toEqual([false, false, true]);
  });

  it('gets only the variables that it needs', () => {
    expect(variablesOf(0, 'meridian-importer')).toMatchObject({
      MERIDIAN_REGIONS: regions.join(),
      API_FUNCTION: 'meridian-api',
      BUS_NAME: expect.anything(),
      MERIDIAN_API_URL: expect.anything(),
    });
    expect(Object.keys(variablesOf(2, 'meridian-nightly')).sort()).toEqual(['MERIDIAN_NAME', 'NODE_OPTIONS']);
    expect(Object.keys(variablesOf(0, 'meridian-mailer')).sort()).toEqual(
      expect.arrayContaining([
        'API_FUNCTION',
        'MERIDIAN_API_URL',
        'MERIDIAN_REGIONS',
        'SUBSCRIBER',
        'SUBSCRIBER_TABLE',
      ]),
    );
  });

  it('may only put events on its bus, call every API, look up the other APIs, and use granted resources', () => {
    const permissions = inRegion(0)
      .permissions('meridian-us-east-1-importer')
      .filter((one) => !/^(logs|xray):/.test(one));
    const [, ...others] = regions;
    for (const arn of apis(regions)) {
      expect(permissions.filter((one) => one.startsWith(`lambda:InvokeFunctionUrl on ${arn}`))).toHaveLength(1);
      expect(permissions.filter((one) => one.startsWith(`lambda:InvokeFunction on ${arn}`))).toHaveLength(1);
    }
    for (const arn of apis(others)) expect(permissions).toContain(`lambda:GetFunctionUrlConfig on ${arn}`);
    expect(permissions).toContain('events:PutEvents on EventBus(meridian)');
    expect(permissions.filter((one) => !/^(lambda:|events:|sqs:)/.test(one))).toEqual([]);
    expect(permissions.filter((one) => one.startsWith('lambda:'))).toHaveLength(3 + 3 + 2);
    // An API may be called only through its URL.
    for (const one of permissions.filter((one) => one.startsWith('lambda:InvokeFunction on ')))
      expect(one).toContain('lambda:InvokedViaFunctionUrl');
    expect(
      inRegion(2)
        .permissions('meridian-us-west-2-nightly')
        .filter((one) => !/^(logs|xray):/.test(one)),
    ).toEqual([]);
  });

  it('has alarms, graphs, logs and tags like any other function', () => {
    const alarms = inRegion(0)
      .ofType('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => Properties.AlarmName);
    for (const name of ['importer-errors', 'importer-throttles', 'importer-duration', 'mailer-errors', 'mailer-age'])
      expect(alarms).toContain(`meridian-${name}`);
    for (const name of ['mailer-dead-letter-depth', 'mailer-dead-letter-age', 'mailer-lost', 'table-mailer-throttles'])
      expect(alarms).toContain(`meridian-${name}`);
    const [dashboard] = inRegion(0).ofType('AWS::CloudWatch::Dashboard');
    for (const name of ['meridian-importer', 'meridian-mailer', 'meridian-mailer-dead-letter'])
      expect(JSON.stringify(dashboard)).toContain(name);
    const groups = inRegion(0)
      .ofType('AWS::Logs::LogGroup')
      .map(({ Properties }) => Properties.LogGroupName);
    expect(groups).toEqual(expect.arrayContaining(['/aws/lambda/meridian-importer', '/aws/lambda/meridian-mailer']));
    const { Tags } = inRegion(0).named('AWS::Lambda::Function', 'meridian-importer').Properties;
    expect(Tags).toEqual(
      expect.arrayContaining([
        { Key: 'meridian', Value: 'meridian' },
        { Key: 'meridian:region', Value: 'us-east-1' },
        { Key: 'meridian:component', Value: 'Functions' },
      ]),
    );
  });
});

describe('the stack of a Region', () => {
  it('exposes its bus, its API, its alarm topic and its functions', () => {
    const [first] = app.regions;
    if (!first) throw new Error('there is no Region');
    expect(Object.keys(first.functions)).toEqual(expect.arrayContaining(['api', 'relay', 'importer', 'mailer']));
    expect(first.functions).not.toHaveProperty('nightly');
    const text = (value: unknown) => inRegion(0).text(first.resolve(value));
    expect(text(first.bus.eventBusName)).toBe('EventBus(meridian)');
    expect(text(first.functions.importer?.functionName)).toBe('Function(meridian-importer)');
    expect(text(first.alarmTopic.topicArn)).toMatch(/Topic/);
    expect(first.api.url).toBeTruthy();
  });

  it('names the location of the runbooks in every alarm', () => {
    const { regionTemplates } = synthesize({ context: { runbookUrl: 'https://wiki.example.com/meridian' } });
    for (const template of regionTemplates)
      for (const { Properties } of new TemplateReader(template).ofType('AWS::CloudWatch::Alarm'))
        expect(Properties.AlarmDescription).toMatch(/What to do: https:\/\/wiki\.example\.com\/meridian\/[a-z-]+\.md$/);
  });
});
