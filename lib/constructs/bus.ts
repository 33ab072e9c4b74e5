import { Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { AccountRootPrincipal, Effect, type IGrantable, PolicyStatement, StarPrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { namesOf } from '../../core/names.ts';
import { SOURCE_PREFIX } from '../../core/wire/bus.ts';
import type { Config } from '../config.ts';
import { Encryption } from './encryption.ts';

/** Properties of Bus. */
export interface BusProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack. */
  readonly region: string;
}

/** A Region's bus: producers put entries on it, other Regions forward events to it, subscribers receive from it. */
export class Bus extends Construct {
  readonly bus: EventBus;

  constructor(scope: Construct, id: string, { config, region }: BusProps) {
    super(scope, id);
    const names = namesOf(config.name);
    const { key } = Encryption.of(this);
    this.bus = new EventBus(this, 'Bus', {
      eventBusName: names.bus,
      description: `Meridian's events in ${region}`,
      ...(key && { kmsKey: key }),
    });

    // The roles are named rather than referenced, because the stack of another Region may not exist yet.
    const arnOf = (resourceName: string) =>
      Stack.of(this).formatArn({ service: 'iam', region: '', resource: 'role', resourceName });
    const forwarders = config.regions
      .filter((other) => other !== region)
      .map((other) => arnOf(names.role(other, 'forward')));
    const speakers = [
      ...(['ingest', 'relay', 'operate'] as const).map((id) => arnOf(names.role(region, id))),
      ...forwarders,
    ];

    this.bus.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OtherRegionsForward',
        // A policy whose principal is a role that does not exist yet is refused, so the roles are in a condition.
        principals: [new AccountRootPrincipal()],
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
        conditions: { ArnEquals: { 'aws:PrincipalArn': forwarders } },
      }),
    );

    this.bus.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyMeridianSpeaksAsMeridian',
        effect: Effect.DENY,
        principals: [new StarPrincipal()],
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
        conditions: {
          // One PutEvents request can have many sources: it is refused if one of them is reserved.
          'ForAnyValue:StringLike': { 'events:source': `${SOURCE_PREFIX}*` },
          // For an assumed role this key is the role's ARN. A caller without this key is refused too.
          ArnNotEquals: { 'aws:PrincipalArn': speakers },
        },
      }),
    );
  }

  /** Lets a role put events on this bus. */
  grantPublish(grantee: IGrantable): void {
    this.bus.grantPutEventsTo(grantee);
  }
}
