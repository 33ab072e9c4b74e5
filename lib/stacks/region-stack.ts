import { CfnOutput, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { EventBus } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { COMPONENT_TAG, type Environment, namesOf } from '../../core/names.ts';
import type { OwnFunction as OwnFunctionDefinition, Subscription } from '../../core/wire/subscription.ts';
import type { Config } from '../config.ts';
import { AlarmTopic } from '../constructs/alarm-topic.ts';
import { Alarms } from '../constructs/alarms.ts';
import { Api } from '../constructs/api.ts';
import { Archive } from '../constructs/archive.ts';
import { Bus } from '../constructs/bus.ts';
import { Command } from '../constructs/command.ts';
import { ConflictsReplica } from '../constructs/conflicts-replica.ts';
import { Coordinate } from '../constructs/coordinate.ts';
import { Dashboard } from '../constructs/dashboard.ts';
import { Encryption } from '../constructs/encryption.ts';
import { EventsReplica } from '../constructs/events-replica.ts';
import { forwardRulesOf } from '../constructs/forward-rules.ts';
import { ForwardingDeadLetters } from '../constructs/forwarding-dead-letters.ts';
import { Ingest } from '../constructs/ingest.ts';
import { inventoryOf } from '../constructs/inventory.ts';
import { Live } from '../constructs/live.ts';
import { MeridianFunction } from '../constructs/meridian-function.ts';
import { Operate } from '../constructs/operate.ts';
import { type Granting, OwnFunction, type OwnFunctionScope } from '../constructs/own-function.ts';
import { Participant } from '../constructs/participant.ts';
import { PlacementReplica } from '../constructs/placement-replica.ts';
import { Projection } from '../constructs/projection.ts';
import { Relay } from '../constructs/relay.ts';
import { Resolver } from '../constructs/resolver.ts';
import { SchemaRegistry } from '../constructs/schema-registry.ts';
import { SnapshotsTable } from '../constructs/snapshots-table.ts';
import { StreamLookup } from '../constructs/stream-lookup/stream-lookup.ts';
import { Subscriber } from '../constructs/subscriber.ts';
import { namedIn } from '../constructs/subscriber-table.ts';
import { tableBilling } from '../constructs/table-billing.ts';
import type { Transacting } from '../constructs/transacting.ts';
import { TransactionMachine } from '../constructs/transaction-machine.ts';
import { TransactionsReplica } from '../constructs/transactions-replica.ts';
import { Turn } from '../constructs/turn.ts';
import { ViewsTable } from '../constructs/views-table.ts';

/** Properties of RegionStack. */
export interface RegionStackProps extends StackProps {
  /** The deployment. */
  readonly config: Config;
  /** The Region of the stack, one of the deployment's. */
  readonly region: string;
  /** The stream types that at least one view is computed from. */
  readonly projectedTypes: readonly string[];
  /** The domain's events as EventBridge delivers them, JSON Schema draft 4 by name. */
  readonly eventSchemas: Readonly<Record<string, object>>;
  /** The team's subscribers and functions: those of this Region are created. */
  readonly own: Own;
}

/** A team's additions to a deployment. */
export interface Own {
  readonly subscribers: readonly (Subscription & Granting)[];
  readonly functions: readonly (OwnFunctionDefinition & Granting)[];
}

/** The common properties of all constructs. */
interface Deployment {
  readonly config: Config;
  readonly region: string;
}

/** The resources with which one Region can work on its own. */
export class RegionStack extends Stack {
  /** The Region's bus: it carries the events of every Region and the entries of producers. */
  readonly bus: EventBus;
  /** The Region's API. */
  readonly api: Api;
  /** The address of `GET /health/live`, which needs no signature; undefined without `liveUrl`. */
  readonly liveUrl: string | undefined;
  /** The topic of the Region's alarms. */
  readonly alarmTopic: ITopic;
  /** Every function of the Region by its short name, such as `relay`; a team's functions by the names that the team gave them. */
  readonly functions: Readonly<Record<string, IFunction>>;

  constructor(
    scope: Construct,
    id: string,
    { config, region, projectedTypes, eventSchemas, own, ...props }: RegionStackProps,
  ) {
    super(scope, id, props);
    new Encryption(this, config);
    const deployment = { config, region };
    const { views, conflicts, ...stores } = addTables(this, deployment);
    const bus = new Bus(this, 'Bus', deployment);
    new ForwardingDeadLetters(this, 'Forwarding', deployment);

    const { transacting, resolver } = addTransactions(this, deployment, stores);
    const command = new Command(this, 'Command', { ...deployment, transacting });
    const ingest = new Ingest(this, 'Ingest', { ...deployment, transacting, bus, command });
    const api = new Api(this, 'Api', { ...deployment, transacting, views, conflicts, command });
    const live = config.liveUrl ? new Live(this, 'Live', { ...deployment, events: stores.events }) : undefined;
    const projection = new Projection(this, 'Projection', {
      ...deployment,
      ...stores,
      views,
      conflicts,
      bus,
      projectedTypes,
    });
    const { events, transactions, placement } = stores;
    const sources = {
      events,
      transactions,
      views,
      conflicts,
      bus,
      ingest,
      resolver,
      projectionQueue: projection.queue,
    };
    const relay = new Relay(this, 'Relay', { ...deployment, ...sources });
    new Operate(this, 'Operate', { ...deployment, ...sources, placement, participant: transacting.participant });
    addOwn(this, { ...deployment, bus, api, placement }, own);

    if (config.archiveDays > 0) new Archive(this, 'Archive', { config, bus: bus.bus });

    if (config.schemaRegistry) new SchemaRegistry(this, 'SchemaRegistry', { config, schemas: eventSchemas });

    const { topic } = addWatch(this, deployment, relay, own);
    for (const part of this.node.children) Tags.of(part).add(COMPONENT_TAG, part.node.id);

    this.bus = bus.bus;
    this.api = api;
    this.liveUrl = live?.url;
    this.alarmTopic = topic;
    this.functions = Object.fromEntries(
      this.node
        .findAll()
        .filter((construct) => construct instanceof MeridianFunction)
        .map(({ functionId, function: made }) => [functionId, made]),
    );

    new CfnOutput(this, 'ApiUrl', { value: api.url, description: "The Region's API; requests are signed with IAM" });
    if (live)
      new CfnOutput(this, 'LiveUrl', {
        value: live.url,
        description: 'Whether the Region can serve, without a signature',
      });
    new CfnOutput(this, 'BusArn', {
      value: bus.bus.eventBusArn,
      description: 'The bus that producers put entries on, and that consumers receive events from',
    });
    new CfnOutput(this, 'AlarmTopicArn', { value: topic.topicArn, description: "Subscribe to the Region's alarms" });
  }
}

/** Creates the team's functions that run in this Region. */
function addOwn(
  stack: Stack,
  { placement, ...scoped }: OwnFunctionScope & Pick<Transacting, 'placement'>,
  { subscribers, functions }: Own,
): void {
  const here = <Definition extends OwnFunctionDefinition>(all: readonly Definition[]) =>
    all.filter(({ regions }) => regions.includes(scoped.region));
  // A team's functions have separate scopes, so that they may have any name, even that of one of Meridian's constructs.
  const ofSubscribers = new Construct(stack, 'Subscribers');
  for (const subscription of here(subscribers))
    new Subscriber(ofSubscribers, subscription.name, { ...scoped, placement, subscription });
  const ofFunctions = new Construct(stack, 'Functions');
  for (const own of here(functions))
    new OwnFunction(ofFunctions, own.name, {
      ...scoped,
      own,
      description: `A function of the team: ${own.name}`,
    });
}

type Stores = Pick<Transacting, 'events' | 'transactions' | 'snapshots' | 'placement'>;

/** The Region's storage: its replicas of the global tables, and its own tables. */
function addTables(
  stack: Stack,
  { config, region }: Deployment,
): Stores & {
  readonly views: ViewsTable;
  readonly conflicts: ConflictsReplica;
} {
  const names = namesOf(config.name);
  const streams = new StreamLookup(stack, 'StreamLookup', { config, region });
  const billing = tableBilling(config);
  return {
    events: new EventsReplica(stack, 'Events', { config, streams }),
    transactions: new TransactionsReplica(stack, 'Transactions', { config, streams }),
    conflicts: new ConflictsReplica(stack, 'Conflicts', { config, streams }),
    placement: new PlacementReplica(stack, 'Placement', { config }),
    views: new ViewsTable(stack, 'Views', { tableName: names.viewsTable, ephemeral: config.ephemeral, billing }),
    snapshots: new SnapshotsTable(stack, 'Snapshots', { tableName: names.snapshotsTable, billing }),
  };
}

/** The functions that take part in transactions, drive them and finish them, and the resources for starting one. */
function addTransactions(stack: Stack, deployment: Deployment, stores: Stores) {
  const { config, region } = deployment;
  const { events, transactions, placement } = stores;
  const names = namesOf(config.name);
  // The resources of every function that writes to streams.
  const environment: Environment = {
    MERIDIAN_REGIONS: config.regions.join(),
    MERIDIAN_LOG: config.logs[region] ?? region,
    MERIDIAN_LOGS: config.regions.map((name) => config.logs[name] ?? name).join(),
    ...events.environment,
    SNAPSHOTS_TABLE: names.snapshotsTable,
    TRANSACTIONS_TABLE: names.transactionsTable,
    PLACEMENT_TABLE: names.placementTable,
    DECISIONS: config.decisions,
  };
  const participant = new Participant(stack, 'Participant', { ...deployment, environment, ...stores });
  const turn = new Turn(stack, 'Turn', { ...deployment, environment, ...stores, participant });
  const coordinate = new Coordinate(stack, 'Coordinate', { ...deployment, events, transactions, placement });
  const machine = new TransactionMachine(stack, 'TransactionMachine', {
    ...deployment,
    participant: participant.function,
    turn: turn.function,
    coordinate: coordinate.function,
  });
  const resolver = new Resolver(stack, 'Resolver', { ...deployment, events, transactions, participant });
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
  return { transacting, resolver };
}

/**
 * Alarms and the dashboard, created last because they collect the existing resources. The forwarding rules are in a stack that is
 * deployed later.
 */
function addWatch(stack: Stack, deployment: Deployment, relay: Relay, { subscribers }: Own): AlarmTopic {
  const found = inventoryOf(stack);
  const forwarding = forwardRulesOf(stack, deployment.config, deployment.region).map(({ ruleName }) => ruleName);
  const named = namedIn(subscribers).map(({ name }) => namesOf(deployment.config.name).subscriberTable(name));
  const inventory = { ...found, rules: [...forwarding, ...found.rules], tables: [...named, ...found.tables] };
  const alarmTopic = new AlarmTopic(stack, 'AlarmTopic', deployment);
  const { topic } = alarmTopic;
  const alarms = new Alarms(stack, 'Alarms', { ...deployment, inventory, relayMappings: relay.mappings, topic });
  new Dashboard(stack, 'Dashboard', {
    ...deployment,
    inventory,
    alarms: alarms.all,
    standby: named.length > 0,
  });
  return alarmTopic;
}
