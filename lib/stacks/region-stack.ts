import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { COMPONENT_TAG, type Environment, namesOf } from '../../core/names.ts';
import type { Config } from '../config.ts';
import { AlarmTopic } from '../constructs/alarm-topic.ts';
import { Alarms } from '../constructs/alarms.ts';
import { Api } from '../constructs/api.ts';
import { Archive } from '../constructs/archive.ts';
import { Bus } from '../constructs/bus.ts';
import { Command } from '../constructs/command.ts';
import { Coordinate } from '../constructs/coordinate.ts';
import { Dashboard } from '../constructs/dashboard.ts';
import { EventsReplica } from '../constructs/events-replica.ts';
import { Forwarding } from '../constructs/forwarding.ts';
import { Ingest } from '../constructs/ingest.ts';
import { inventoryOf } from '../constructs/inventory.ts';
import { Operate } from '../constructs/operate.ts';
import { Participant } from '../constructs/participant.ts';
import { Projection } from '../constructs/projection.ts';
import { Relay } from '../constructs/relay.ts';
import { Resolver } from '../constructs/resolver.ts';
import { SchemaRegistry } from '../constructs/schema-registry.ts';
import { SnapshotsTable } from '../constructs/snapshots-table.ts';
import { StreamLookup } from '../constructs/stream-lookup/stream-lookup.ts';
import { Subscriber } from '../constructs/subscriber.ts';
import type { Transacting } from '../constructs/transacting.ts';
import { TransactionMachine } from '../constructs/transaction-machine.ts';
import { TransactionsReplica } from '../constructs/transactions-replica.ts';
import { ViewsTable } from '../constructs/views-table.ts';

/** Properties of RegionStack. */
export interface RegionStackProps extends StackProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack, one of the deployment's. */
  readonly region: string;
  /** The stream types whose events some view is made of. */
  readonly projectedTypes: readonly string[];
  /** The domain's events as EventBridge delivers them, JSON Schema draft 4 by name. */
  readonly eventSchemas: Readonly<Record<string, object>>;
}

/** All that one Region needs to work on its own. */
export class RegionStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, region, projectedTypes, eventSchemas, ...props }: RegionStackProps,
  ) {
    super(scope, id, props);
    const names = namesOf(config.name);
    const shared = { config, region };
    const streams = new StreamLookup(this, 'StreamLookup', shared);
    const events = new EventsReplica(this, 'Events', { config, streams });
    const transactions = new TransactionsReplica(this, 'Transactions', { config, streams });
    const views = new ViewsTable(this, 'Views', { tableName: names.viewsTable, ephemeral: config.ephemeral });
    const snapshots = new SnapshotsTable(this, 'Snapshots', { tableName: names.snapshotsTable });
    const bus = new Bus(this, 'Bus', shared);
    new Forwarding(this, 'Forwarding', { ...shared, bus: bus.bus });

    // What every function that writes to streams needs.
    const environment: Environment = {
      MERIDIAN_REGIONS: config.regions.join(),
      MERIDIAN_LOG: config.logs[region] ?? region,
      EVENTS_TABLE: names.eventsTable,
      SNAPSHOTS_TABLE: names.snapshotsTable,
      TRANSACTIONS_TABLE: names.transactionsTable,
      DECISIONS: config.decisions,
    };
    const stores = { events, snapshots, transactions };
    const participant = new Participant(this, 'Participant', { ...shared, environment, ...stores });
    const coordinate = new Coordinate(this, 'Coordinate', { ...shared, events, transactions });
    const machine = new TransactionMachine(this, 'TransactionMachine', {
      ...shared,
      participant: participant.function,
      coordinate: coordinate.function,
    });
    const resolver = new Resolver(this, 'Resolver', { ...shared, events, transactions, participant });
    const transacting: Transacting = {
      environment: {
        ...environment,
        PARTICIPANT_FUNCTION: names.function('participant'),
        TRANSACTION_MACHINE_ARN: machine.arn,
      },
      ...stores,
      participant,
      machine,
    };
    const command = new Command(this, 'Command', { ...shared, transacting });
    const ingest = new Ingest(this, 'Ingest', { ...shared, transacting, bus, command });
    const api = new Api(this, 'Api', { ...shared, transacting, views, command });
    const projection = new Projection(this, 'Projection', { ...shared, ...stores, views, bus, projectedTypes });
    const relay = new Relay(this, 'Relay', {
      ...shared,
      events,
      transactions,
      bus,
      projectionQueue: projection.queue,
      resolver,
      views,
    });
    new Operate(this, 'Operate', { ...shared, events, transactions, resolver, views, bus, ingest });
    if (config.subscriber)
      new Subscriber(this, 'Subscriber', {
        ...shared,
        functionId: 'subscriber',
        bus: bus.bus,
        streamTypes: ['flight'],
      });

    if (config.archiveDays > 0) new Archive(this, 'Archive', { config, bus: bus.bus });

    if (config.schemaRegistry) new SchemaRegistry(this, 'SchemaRegistry', { config, schemas: eventSchemas });

    // Behind everything that they watch.
    const inventory = inventoryOf(this);
    const { topic } = new AlarmTopic(this, 'AlarmTopic', shared);
    const alarms = new Alarms(this, 'Alarms', { ...shared, inventory, relayMappings: relay.mappings, topic });
    new Dashboard(this, 'Dashboard', { ...shared, inventory, alarms: alarms.all });
    for (const part of this.node.children) Tags.of(part).add(COMPONENT_TAG, part.node.id);

    new CfnOutput(this, 'ApiUrl', { value: api.url, description: "The Region's API; requests are signed with IAM" });
    new CfnOutput(this, 'BusArn', {
      value: bus.bus.eventBusArn,
      description: 'Where producers put and consumers listen',
    });
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn, description: "Subscribe to the Region's alarms" });
  }
}
