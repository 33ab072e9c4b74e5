import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseConfig } from '../../lib/config.ts';
import { Ingress, type IngressProps } from '../../lib/constructs/ingress.ts';
import type { MeridianStacks } from '../../lib/meridian.ts';
import { account, three } from './stacks-fixture.ts';
import { regionsOf, type Synthesized, synthesize } from './synthesize.ts';
import { TemplateReader } from './template.ts';

const [east = '', ohio = '', oregon = ''] = three;
const zone = { id: 'Z0123456789ABCDEFGHIJ', name: 'example.com' };
const targets = Object.fromEntries(
  three.map((region) => [region, { dnsName: `d-1.execute-api.${region}.amazonaws.com`, zoneId: `Z-${region}` }]),
);

/** The stacks with an ingress. */
function withIngress(props: Omit<IngressProps, 'meridian'> = {}, context: Readonly<Record<string, unknown>> = {}) {
  let ingress: Ingress | undefined;
  const app = synthesize({
    context: { liveUrl: true, account, ...context },
    cloudFormationRules: props === full,
    change: (stacks) => {
      ingress = new Ingress(stacks.global, 'Ingress', {
        meridian: meridianOf(stacks, context),
        ...props,
      });
    },
  });
  return { app, ingress: ingress ?? expect.fail('there is no ingress') };
}

function meridianOf(stacks: MeridianStacks, context: Readonly<Record<string, unknown>>): IngressProps['meridian'] {
  const given: Readonly<Record<string, unknown>> = { regions: three, liveUrl: true, ...context };
  return { ...stacks, config: parseConfig({ context: (key) => given[key] }) };
}

const full: Omit<IngressProps, 'meridian'> = {
  everySeconds: 10,
  failures: 2,
  records: { zone, endpoint: 'endpoint.example.com', alias: { name: 'api.example.com', targets }, ttlSeconds: 30 },
  eventsEndpoint: { primary: ohio, secondary: east },
};

let made: ReturnType<typeof withIngress>;
let app: Synthesized;
let readers: readonly TemplateReader[];
beforeAll(() => {
  made = withIngress(full);
  app = made.app;
  readers = regionsOf(app);
});

function only<T>(all: readonly T[]): T {
  expect(all).toHaveLength(1);
  return all[0] ?? expect.fail('there is none');
}

describe('the URL for health checks', () => {
  it('is not there unless it is asked for', () => {
    const { regions, regionTemplates } = synthesize();
    for (const [i, stack] of regions.entries()) {
      expect(stack.liveUrl).toBeUndefined();
      expect(stack.functions).not.toHaveProperty('live');
      expect(regionTemplates[i]?.findOutputs('LiveUrl')).toEqual({});
    }
  });

  it('is the only one that needs no signature, and reaches a function that runs at most five times at once', () => {
    for (const reader of readers) {
      const open = reader.ofType('AWS::Lambda::Url').filter(({ Properties }) => Properties.AuthType === 'NONE');
      expect(reader.text(only(open).Properties.TargetFunctionArn)).toBe('Function(meridian-live)');
      expect(reader.named('AWS::Lambda::Function', 'meridian-live').Properties).toMatchObject({
        ReservedConcurrentExecutions: 5,
        LoggingConfig: { SystemLogLevel: 'WARN' },
      });
      expect(reader.named('AWS::Lambda::Function', 'meridian-live').Properties).not.toHaveProperty('TracingConfig');
    }
    expect(app.findings).toEqual([]);
  });

  it('lets anyone call that function by its URL, and in no other way', () => {
    for (const reader of readers) {
      const permitted = reader
        .ofType('AWS::Lambda::Permission')
        .filter(({ Properties }) => Properties.Principal === '*')
        .map(({ Properties: { Action, FunctionUrlAuthType, InvokedViaFunctionUrl, FunctionName } }) => [
          ...[reader.text(FunctionName), Action, FunctionUrlAuthType ?? InvokedViaFunctionUrl],
        ]);
      expect(permitted).toEqual([
        ['Function(meridian-live)', 'lambda:InvokeFunctionUrl', 'NONE'],
        ['Function(meridian-live)', 'lambda:InvokeFunction', true],
      ]);
    }
  });

  it('has an alarm for a Region that reports that it cannot serve', () => {
    for (const reader of readers) {
      const alarm = only(
        reader
          .ofType('AWS::CloudWatch::Alarm')
          .filter(({ Properties }) => Properties.AlarmName === 'meridian-live-5xx'),
      );
      expect(alarm.Properties.AlarmDescription).toMatch(/ingress\.md$/);
    }
  });

  it('reserves nothing in a deployment for trying things out, whose account may have a small quota', () => {
    const [stack] = regionsOf(synthesize({ context: { liveUrl: true, ephemeral: true } }));
    const { Properties } = (stack ?? expect.fail()).named('AWS::Lambda::Function', 'meridian-live');
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });
});

const checkSchema = z.object({ HealthCheckConfig: z.looseObject({ FullyQualifiedDomainName: z.unknown() }) });

describe('the health checks', () => {
  it('ask each Region in its own stack, by HTTPS and the host of its URL', () => {
    for (const [i, reader] of readers.entries()) {
      const { HealthCheckConfig } = checkSchema.parse(only(reader.ofType('AWS::Route53::HealthCheck')).Properties);
      expect(HealthCheckConfig).toMatchObject({
        ...{ Type: 'HTTPS', Port: 443, EnableSNI: true, ResourcePath: '/health/live' },
        ...{ RequestInterval: 10, FailureThreshold: 2 },
      });
      // https://<host>/health/live
      const host = JSON.stringify(HealthCheckConfig.FullyQualifiedDomainName);
      expect(host).toMatch(/^\{"Fn::Select":\[0,\{"Fn::Split":\["\/",\{"Fn::Select":\[1,\{"Fn::Split":\["\/\/"/);
      expect(host).toContain('LiveFunction');
      const outputs = Object.keys(app.regionTemplates[i]?.findOutputs('*') ?? {});
      expect(outputs.filter((name) => /^IngressHealthCheckId/.test(name))).toHaveLength(1);
    }
  });

  it('ask every 30 s, change their mind after three, and are all that there is by default', () => {
    for (const reader of regionsOf(withIngress().app)) {
      const { HealthCheckConfig } = checkSchema.parse(only(reader.ofType('AWS::Route53::HealthCheck')).Properties);
      expect(HealthCheckConfig).toMatchObject({ RequestInterval: 30, FailureThreshold: 3 });
      expect(reader.ofType('AWS::Route53::RecordSet')).toEqual([]);
      expect(reader.ofType('AWS::Events::Endpoint')).toEqual([]);
    }
  });
});

describe('the records', () => {
  it.each([
    ['TXT', 'endpoint.example.com.'],
    ['A', 'api.example.com.'],
  ])('of type %s lead to the nearest Region whose health check passes', (type, name) => {
    for (const [i, reader] of readers.entries()) {
      const { Properties } = only(
        reader.ofType('AWS::Route53::RecordSet').filter(({ Properties: { Type } }) => Type === type),
      );
      expect(Properties).toMatchObject({
        HostedZoneId: zone.id,
        Name: name,
        Region: three[i],
        SetIdentifier: three[i],
      });
      expect(reader.text(Properties.HealthCheckId)).toBe('HealthCheck()');
    }
  });

  it('name the address of the API, or what is in front of it', () => {
    for (const [i, reader] of readers.entries()) {
      const records = reader.ofType('AWS::Route53::RecordSet').map(({ Properties }) => Properties);
      const text = records.find(({ Type }) => Type === 'TXT') ?? expect.fail();
      expect(text.TTL).toBe('30');
      expect(JSON.stringify(text.ResourceRecords)).toMatch(
        new RegExp(`region=${three[i]} url=.*ApiFunction.*FunctionUrl`),
      );
      expect(records.find(({ Type }) => Type === 'A')?.AliasTarget).toEqual({
        DNSName: `d-1.execute-api.${three[i]}.amazonaws.com`,
        HostedZoneId: `Z-${three[i]}`,
      });
    }
  });
});

describe('the global endpoint of EventBridge', () => {
  it('leads to the bus of the primary Region while its health check passes, and replicates nothing', () => {
    const [none, reader, others] = app.forwardingTemplates.map((template) => new TemplateReader(template));
    for (const other of [none, others]) expect(other?.ofType('AWS::Events::Endpoint')).toEqual([]);
    const { Properties } = only(reader?.ofType('AWS::Events::Endpoint') ?? []);
    expect(Properties).toMatchObject({ Name: 'meridian', ReplicationConfig: { State: 'DISABLED' } });
    expect(JSON.stringify(Properties.EventBuses)).toMatch(
      new RegExp(`:events:${ohio}:${account}:event-bus/meridian.*:events:${east}:${account}:event-bus/meridian`),
    );
    expect(JSON.stringify(Properties.RoutingConfig)).toMatch(
      new RegExp(`:route53:::healthcheck/.*Fn::ImportValue.*"Secondary":\\{"Route":"${east}"\\}`),
    );
  });

  it('is known to the app, as the health checks are', () => {
    const { ingress } = made;
    expect(Object.keys(ingress.healthCheckIds)).toEqual(three);
    expect(ingress.eventsEndpointId).toBeDefined();
    expect(withIngress().ingress.eventsEndpointId).toBeUndefined();
  });
});

describe('an ingress is refused', () => {
  it.each<[string, Omit<IngressProps, 'meridian'>, Record<string, unknown>, RegExp]>([
    ['without the URL that it checks', {}, { liveUrl: false }, /liveUrl: true/],
    ['with no failures', { failures: 0 }, {}, /from 1 to 10/],
    ['with a fraction of failures', { failures: 1.5 }, {}, /from 1 to 10/],
    ['with records that name nothing', { records: { zone } }, {}, /endpoint.*alias/],
    [
      'with a Region that has no target',
      { records: { zone, alias: { name: 'api', targets: { [east]: targets[east] ?? expect.fail() } } } },
      {},
      /target for us-east-2.*\n.*target for us-west-2/,
    ],
    [
      'with the target of another Region',
      {
        records: { zone, alias: { name: 'api', targets: { ...targets, 'eu-west-1': { dnsName: 'd', zoneId: 'Z' } } } },
      },
      {},
      /eu-west-1 is not a Region/,
    ],
    [
      'with an endpoint elsewhere',
      { eventsEndpoint: { primary: 'eu-west-1', secondary: east } },
      {},
      /eu-west-1 is not/,
    ],
    [
      'with an endpoint that leads to one Region',
      { eventsEndpoint: { primary: oregon, secondary: oregon } },
      {},
      /different/,
    ],
  ])('%s', (_, props, context, reason) => {
    expect(() => withIngress(props, context)).toThrow(reason);
  });
});
