import { CfnOutput, Duration, Fn, Stack, Tags } from 'aws-cdk-lib';
import { CfnEndpoint } from 'aws-cdk-lib/aws-events';
import {
  ARecord,
  CfnHealthCheck,
  HealthCheck,
  HostedZone,
  type IHostedZone,
  RecordTarget,
  TxtRecord,
} from 'aws-cdk-lib/aws-route53';
import { Construct } from 'constructs';
import { COMPONENT_TAG, namesOf } from '../../core/names.ts';
import { type Config, ConfigError } from '../config.ts';
import type { ForwardingStack } from '../stacks/forwarding-stack.ts';
import type { RegionStack } from '../stacks/region-stack.ts';

/** A public hosted zone of Route 53, in any account that the deployment may write to. */
export interface IngressZone {
  /** Its id: `Z0123456789ABCDEFGHIJ`. */
  readonly id: string;
  /** Its domain: `example.com`. */
  readonly name: string;
}

/** What an alias record of a Region refers to, such as the regional domain name of an API Gateway custom domain. */
export interface IngressTarget {
  /** The name that AWS gave it: `d-abc123.execute-api.us-east-1.amazonaws.com`. */
  readonly dnsName: string;
  /** The id of the zone of that name, which AWS gave it, too. */
  readonly zoneId: string;
}

/** Names that lead to a Region that lives, the nearest one of them. */
export interface IngressRecords {
  /** The zone of the names. */
  readonly zone: IngressZone;
  /**
   * A name with a text record: the Region, and the address of its API. For callers that look it up, then call that address.
   * @default none
   */
  readonly endpoint?: string;
  /**
   * A name that leads to what you have placed in front of the API in each Region, with a certificate for this name. A Function URL can not
   * be such a target, because it has a certificate for its own name only. @default none
   */
  readonly alias?: {
    readonly name: string;
    /** By Region: every Region has one. */
    readonly targets: Readonly<Record<string, IngressTarget>>;
  };
  /** How long resolvers keep the text record, in seconds. @default 60 */
  readonly ttlSeconds?: number;
}

/** The Regions of a global endpoint of EventBridge. */
export interface EventsEndpoint {
  /** The Region whose bus gets the entries while it lives. */
  readonly primary: string;
  /** The Region whose bus gets them otherwise. */
  readonly secondary: string;
}

/** Properties of Ingress. */
export interface IngressProps {
  /** The deployment, with `liveUrl: true`. */
  readonly meridian: {
    readonly config: Config;
    readonly regions: readonly RegionStack[];
    readonly forwarding: readonly ForwardingStack[];
  };
  /** Seconds between the checks of each of about 16 checkers, 10 or 30. @default 30 */
  readonly everySeconds?: 10 | 30;
  /** The number of checks in a row, 1 to 10, after which a checker changes its mind. @default 3 */
  readonly failures?: number;
  /** @default none: only health checks */
  readonly records?: IngressRecords;
  /** A global endpoint of EventBridge for producers, without replication. @default none */
  readonly eventsEndpoint?: EventsEndpoint;
}

/**
 * How callers find a Region that lives: a health check of Route 53 for each Region, and, if asked for, records and a global endpoint of
 * EventBridge that follow them. What belongs to a Region is in that Region's stack.
 */
export class Ingress extends Construct {
  /** The ids of the health checks, by Region: for constructs in the stack of that Region. */
  readonly healthCheckIds: Readonly<Record<string, string>>;
  /** The endpoint's id, which producers name in `PutEvents`: for constructs in the forwarding stack of its primary Region. */
  readonly eventsEndpointId: string | undefined;

  /** @throws ConfigError if the deployment has no `liveUrl`, or if the properties do not fit its Regions */
  constructor(scope: Construct, id: string, props: IngressProps) {
    super(scope, id);
    const { regions } = props.meridian;
    const faults = faultsOf(props);
    if (faults.length > 0) throw new ConfigError(faults.map((fault) => `Ingress: ${fault}`));
    this.healthCheckIds = Object.fromEntries(
      regions.map((stack) => {
        const part = new Construct(stack, id);
        Tags.of(part).add(COMPONENT_TAG, id);
        const healthCheckId = addHealthCheck(part, stack, props);
        if (props.records) addRecords(part, stack, props.records, healthCheckId);
        return [stack.region, healthCheckId];
      }),
    );
    const { eventsEndpoint } = props;
    // It is in the stack that is deployed after the buses of all Regions.
    const stack = props.meridian.forwarding.find(({ region }) => region === eventsEndpoint?.primary);
    this.eventsEndpointId =
      stack &&
      eventsEndpoint &&
      addEndpoint(new Construct(stack, id), this.healthCheckIds, props.meridian, eventsEndpoint);
  }
}

/** Why an Ingress cannot be made. */
function faultsOf({ meridian: { config }, failures = 3, records, eventsEndpoint }: IngressProps): readonly string[] {
  const { regions } = config;
  const isForeign = (region: string) => !regions.includes(region);
  const targets = Object.keys(records?.alias?.targets ?? {});
  const ends = eventsEndpoint ? [eventsEndpoint.primary, eventsEndpoint.secondary] : [];
  return [
    ...(config.liveUrl ? [] : ['the deployment has no URL for health checks; write `liveUrl: true` in Meridian']),
    ...(Number.isInteger(failures) && failures >= 1 && failures <= 10
      ? []
      : [`\`failures\` is ${failures}; write a whole number from 1 to 10`]),
    ...(records && !records.endpoint && !records.alias ? ['`records` names none; write `endpoint` or `alias`'] : []),
    ...(records?.alias ? regions : [])
      .filter((region) => !targets.includes(region))
      .map((region) => `\`alias\` has no target for ${region}; write one for each of ${regions.join(', ')}`),
    ...[...targets, ...ends]
      .filter(isForeign)
      .map((region) => `${region} is not a Region of the deployment; write one of ${regions.join(', ')}`),
    ...(ends.length > 0 && new Set(ends).size === 1
      ? ['`eventsEndpoint` has one Region; write two different ones']
      : []),
  ];
}

/** @returns its id */
function addHealthCheck(
  part: Construct,
  { region, liveUrl }: RegionStack,
  { meridian, ...props }: IngressProps,
): string {
  const { attrHealthCheckId } = new CfnHealthCheck(part, 'HealthCheck', {
    healthCheckConfig: {
      type: 'HTTPS',
      fullyQualifiedDomainName: Fn.parseDomainName(liveUrl ?? ''),
      port: 443,
      enableSni: true,
      resourcePath: '/health/live',
      requestInterval: props.everySeconds ?? 30,
      failureThreshold: props.failures ?? 3,
    },
    healthCheckTags: [{ key: 'Name', value: namesOf(meridian.config.name).regionStack(region) }],
  });
  new CfnOutput(part, 'HealthCheckId', {
    value: attrHealthCheckId,
    description: 'The health check of Route 53 that asks whether the Region can serve',
  });
  return attrHealthCheckId;
}

/** Of the records with one name, Route 53 returns that of the Region with the lowest latency whose health check passes. */
function addRecords(
  part: Construct,
  stack: RegionStack,
  { zone: { id, name }, endpoint, alias, ttlSeconds = 60 }: IngressRecords,
  healthCheckId: string,
): void {
  const { region, api } = stack;
  const zone: IHostedZone = HostedZone.fromHostedZoneAttributes(part, 'Zone', { hostedZoneId: id, zoneName: name });
  const healthCheck = HealthCheck.fromHealthCheckId(part, 'Checked', healthCheckId);
  const common = { zone, region, setIdentifier: region, healthCheck };
  if (endpoint !== undefined)
    new TxtRecord(part, 'Endpoint', {
      ...common,
      recordName: endpoint,
      ttl: Duration.seconds(ttlSeconds),
      values: [`region=${region} url=${api.url}`],
    });
  const of = alias?.targets[region];
  if (!alias || !of) return;
  const target = RecordTarget.fromAlias({ bind: () => ({ dnsName: of.dnsName, hostedZoneId: of.zoneId }) });
  new ARecord(part, 'Alias', { ...common, recordName: alias.name, target });
}

/** @returns its id */
function addEndpoint(
  part: Construct,
  healthCheckIds: Ingress['healthCheckIds'],
  { config }: IngressProps['meridian'],
  { primary, secondary }: EventsEndpoint,
): string {
  Tags.of(part).add(COMPONENT_TAG, part.node.id);
  const stack = Stack.of(part);
  const { bus } = namesOf(config.name);
  const { attrEndpointId } = new CfnEndpoint(part, 'EventsEndpoint', {
    name: bus,
    description: `Entries of producers: to ${primary} while it lives, otherwise to ${secondary}`,
    eventBuses: [primary, secondary].map((region) => ({
      eventBusArn: stack.formatArn({ service: 'events', region, resource: 'event-bus', resourceName: bus }),
    })),
    routingConfig: {
      failoverConfig: {
        primary: { healthCheck: `arn:${stack.partition}:route53:::healthcheck/${healthCheckIds[primary]}` },
        secondary: { route: secondary },
      },
    },
    // With replication each entry would be appended in both Regions.
    replicationConfig: { state: 'DISABLED' },
  });
  new CfnOutput(part, 'EventsEndpointId', {
    value: attrEndpointId,
    description: 'The EndpointId that producers name in PutEvents',
  });
  return attrEndpointId;
}
