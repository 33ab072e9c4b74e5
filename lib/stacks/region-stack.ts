import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { Api } from '../constructs/api.ts';
import { Bus } from '../constructs/bus.ts';
import { Command } from '../constructs/command.ts';
import { EventsReplica } from '../constructs/events-replica.ts';
import { Forwarding } from '../constructs/forwarding.ts';
import { Ingest } from '../constructs/ingest.ts';
import { Project } from '../constructs/project.ts';
import { Relay } from '../constructs/relay.ts';
import { ViewsTable } from '../constructs/views-table.ts';
import { namesOf } from '../names.ts';

/** Properties of RegionStack. */
export interface RegionStackProps extends StackProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack, one of the deployment's. */
  readonly region: string;
  /** The stream types whose events some view is made of. */
  readonly projectedTypes: readonly string[];
}

/** All that one Region needs to work on its own. */
export class RegionStack extends Stack {
  constructor(scope: Construct, id: string, { config, region, projectedTypes, ...props }: RegionStackProps) {
    super(scope, id, props);
    const names = namesOf(config.name);
    const shared = { config, region };
    const events = new EventsReplica(this, 'Events', shared);
    const views = new ViewsTable(this, 'Views', { tableName: names.viewsTable, ephemeral: config.ephemeral });
    const bus = new Bus(this, 'Bus', shared);
    new Forwarding(this, 'Forwarding', { ...shared, bus: bus.bus });

    // What every function that appends needs.
    const environment = {
      MERIDIAN_REGIONS: config.regions.join(),
      MERIDIAN_LOG: config.logs[region] ?? region,
      EVENTS_TABLE: names.eventsTable,
    };
    const command = new Command(this, 'Command', { ...shared, environment, events });
    new Ingest(this, 'Ingest', { ...shared, environment, events, bus, command });
    const api = new Api(this, 'Api', { ...shared, environment, events, views, command });
    const project = new Project(this, 'Project', { ...shared, events, views, bus, projectedTypes });
    new Relay(this, 'Relay', { ...shared, events, bus, projectionQueue: project.queue, views });

    new CfnOutput(this, 'ApiUrl', { value: api.url, description: "The Region's API; requests are signed with IAM" });
    new CfnOutput(this, 'BusArn', {
      value: bus.bus.eventBusArn,
      description: 'Where producers put and consumers listen',
    });
  }
}
