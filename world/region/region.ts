import type { LambdaFunctionURLEvent } from 'aws-lambda';
import type { MemoryDecisions } from '../../adapters/memory/decisions.ts';
import { memoryQuarantine } from '../../adapters/memory/quarantine.ts';
import {
  type ActionInput,
  type Commit,
  type Decision,
  type Domain,
  type EventPattern,
  type EventsTable,
  encodeOperateRequest,
  fastPathPattern,
  ingestPattern,
  KnownPlacement,
  type OperateAnswer,
  type OperatorAction,
  operateAnswerSchema,
  projectedTypes,
  type Remote,
  type Runtime,
  type Sums,
  strongTypes,
} from '../../core/index.ts';
import { encodeResolverMessage } from '../../core/wire/resolver.ts';
import type { Answer } from '../../lambdas/api/http.ts';
import type { Telemetry } from '../../lambdas/instrument.ts';
import { subscriberOn } from '../../lambdas/subscription.ts';
import { type CallOptions, callOver } from '../network/call.ts';
import { WorldBus } from '../services/bus.ts';
import type { FunctionPool } from '../services/function-pool.ts';
import { answerPayload, requestPayload } from '../services/payload.ts';
import type { Process } from '../services/process.ts';
import type { KeepingQueue } from '../services/queue.ts';
import { WorldStateMachine } from '../services/state-machine.ts';
import { TableStream } from '../services/table-stream.ts';
import type { LoadedSubscriber } from '../subscribers.ts';
import type { Activity } from '../time/activity.ts';
import { WorldClock } from '../time/clock.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { sleepOn } from '../time/scheduler.ts';
import type { Fault } from '../weather.ts';
import type { Configuration } from './configuration.ts';
import { noCounts, type RegionCounts } from './counts.ts';
import { type Overrides, streamLimits } from './deployment.ts';
import type { FaultyPorts } from './faults.ts';
import { RegionFunctions } from './functions.ts';
import { keptMessages } from './kept-messages.ts';
import { Life } from './life.ts';
import type { Links } from './links.ts';
import { type FunctionPorts, ownPorts, regionRuntime, remoteOver } from './ports.ts';
import { ProcessPorts } from './process-ports.ts';
import { RegionQueues, waitingQueue } from './queues.ts';
import type { SharedLog } from './shared-log.ts';
import type { Storage } from './storage.ts';
import { subscriberEnvironment } from './subscriber-environment.ts';
import { SubscriberLog } from './subscriber-log.ts';
import { type SubscriberTable, subscriberTable } from './subscriber-table.ts';
import { RegionTables } from './tables.ts';
import { Throttles } from './throttles.ts';
import { type PortWatch, weatherPorts } from './weather-ports.ts';

export interface RegionOptions extends Clockwork {
  readonly region: string;
  readonly configuration: Configuration;
  /** Whether its events can be restored to an earlier time. */
  readonly recovery: boolean;
  readonly domain: Domain;
  /** Counts messages to the resolver that are not due yet. */
  readonly later: Activity;
  /** The decisions shared by all Regions; undefined: each Region has its own store, replicated. */
  readonly sharedDecisions: MemoryDecisions | undefined;
  readonly sharedLog: SharedLog | undefined;
  readonly telemetry: Telemetry;
  /** Milliseconds by which this Region's clock is ahead of the world's. */
  readonly clockAhead: number;
  /** Fraction of messages and stream records that are delivered twice, 0 to 1. */
  readonly duplicates: number;
  readonly reorders: boolean;
  /** Whether the bus keeps the domain's events, so that they can be replayed. */
  readonly archives: boolean;
  /** Deviations from the deployed settings. */
  readonly functions: Overrides;
  /** Injects faults into the ports of functions; called for every instance. */
  readonly withFaults: (region: string, ports: FaultyPorts, exit: () => void, name: string) => FaultyPorts;
  readonly subscribers: readonly LoadedSubscriber[];
  /** Gets the outcome of every call of a port. */
  readonly watch: PortWatch;
  /** Where the items of its tables, and the messages that are not ingested yet, are kept; undefined: nowhere. */
  readonly storage: Storage | undefined;
}

/**
 * One Region: its tables with their streams, a bus, queues, functions and a state machine. It is connected to others
 * only by links, and by strong decisions.
 */
/** Milliseconds after which a client knows that its connection broke. */
const BROKEN_MS = [1, 3_000] as const;

export class WorldRegion {
  readonly name: string;
  readonly counts: RegionCounts = noCounts();
  /** The wall clock of its functions. */
  readonly clock: WorldClock;
  readonly quarantine: ReturnType<typeof memoryQuarantine>;
  readonly bus: WorldBus;
  readonly tableStream: TableStream;
  /** The stream of the table of the `strong` streams. */
  readonly strongStream: TableStream;
  /** The stream of the decisions table. */
  readonly decisionStream: TableStream;
  /** The stream of the ledger of conflicts. */
  readonly conflictStream: TableStream;
  readonly machine: WorldStateMachine;
  readonly #options: RegionOptions;
  readonly #life: Life;
  readonly #peers = new Map<string, { readonly links: Links; readonly peer: WorldRegion }>();
  readonly #runtime: Runtime;
  /** The code and the configuration of new instances. */
  #domain: Domain;
  #configuration: Configuration;
  /** Changes the pattern of the rule that delivers other Regions' events to the projector. */
  readonly #changeFastPath: (pattern: EventPattern) => void;
  readonly #functions: RegionFunctions;
  readonly #tables: RegionTables;
  readonly #throttles: Throttles;
  readonly #queues: RegionQueues;
  readonly #subscriberTables = new Map<string, SubscriberTable>();

  constructor(inWorld: RegionOptions) {
    this.#life = new Life(inWorld);
    const options = { ...inWorld, ...this.#life.clockwork };
    const { region, domain, scheduler, clockAhead, duplicates, functions, storage } = options;
    this.name = region;
    this.#options = options;
    this.#domain = domain;
    this.#configuration = options.configuration;
    this.clock = new WorldClock(scheduler, clockAhead);
    this.#runtime = regionRuntime({ ...options, clock: this.clock }, this.counts);
    this.bus = new WorldBus(options, options);
    this.quarantine = memoryQuarantine(() => scheduler.now(), storage && keptMessages(storage, `quarantine/${region}`));
    this.#functions = new RegionFunctions({
      ...options,
      clock: this.clock,
      ports: (name, process) => this.#ports(name, process),
    });
    const { coordinate, participant, turn, relay } = this.#functions;
    this.machine = new WorldStateMachine(
      {
        coordinate: (input) => coordinate.invoke(input),
        participant: (input) => participant.invoke(input),
        turn: (input) => turn.invoke(input),
      },
      options,
    );
    const { batchSize, retries, maxAgeS, pauseMs, shards } = streamLimits(functions);
    const stream = { region, batchSize, retries, maxAge: maxAgeS * 1000, retryAfter: pauseMs, duplicates, shards };
    this.tableStream = new TableStream(stream, options, relay);
    this.strongStream = new TableStream(stream, options, relay);
    this.decisionStream = new TableStream(stream, options, relay);
    this.conflictStream = new TableStream(stream, options, relay);
    this.#tables = new RegionTables({
      ...options,
      counts: this.counts,
      streams: {
        ...{ commits: this.tableStream, strong: this.strongStream },
        ...{ decisions: this.decisionStream, conflicts: this.conflictStream },
      },
      peers: () =>
        [...this.#peers.values()].map(({ links, peer }) => ({
          links,
          back: peer.linksTo(region),
          tables: peer.#tables,
        })),
    });
    this.#throttles = new Throttles(options);
    this.#queues = new RegionQueues(options, this.#functions, this.quarantine);
    const types = [...projectedTypes(domain)].sort();
    this.bus.addRule(ingestPattern, { kind: 'queue', queue: this.#queues.ingest });
    this.#changeFastPath = this.bus.addRule(fastPathPattern(region, types), {
      kind: 'queue',
      queue: this.#queues.projection,
    });
    for (const subscriber of options.subscribers)
      if (subscriber.subscription.regions.includes(region)) this.#subscribe(subscriber);
  }

  /** The dead letters of the projection queue. */
  get projectionDeadLetters(): KeepingQueue {
    return this.#queues.projectionDeadLetters;
  }

  /** The messages that the queue of a subscriber gave up. @throws Error when it does not run here */
  deadLettersOf(subscriber: string): KeepingQueue {
    return this.#ofSubscriber(this.#queues.subscriberDeadLetters, subscriber);
  }

  /**
   * The sums that a subscriber has added up in its own table in this Region, by key.
   * @throws Error if it does not run in this Region, or has no table
   */
  sumsOf(subscriber: string): ReadonlyMap<string, Sums> {
    return this.#ofSubscriber(this.#subscriberTables, subscriber).sums;
  }

  #ofSubscriber<T>(all: ReadonlyMap<string, T>, name: string): T {
    const found = all.get(name);
    if (found === undefined)
      throw new Error(
        `The subscriber ${name} does not run in ${this.name}, or has no table there. Found: ${[...all.keys()].join(', ') || 'none'}.`,
      );
    return found;
  }

  /** The dead letters of the resolver's queue. */
  get resolverDeadLetters(): KeepingQueue {
    return this.#queues.resolverDeadLetters;
  }

  /** The streams of all tables that functions read. */
  get streams(): readonly TableStream[] {
    return [this.tableStream, this.strongStream, this.decisionStream, this.conflictStream];
  }

  /** Connects this Region to another. */
  connect(peer: WorldRegion, links: Links): void {
    this.#peers.set(peer.name, { links, peer });
  }

  /** Ends the connection to a Region that is removed. */
  disconnect(name: string): void {
    this.#peers.delete(name);
  }

  /**
   * Restores the items in the storage, and delivers the records of shared decisions. The executions of the state
   * machine ended with the process, whereas on AWS they would continue. So the resolver makes decided intents final at
   * once, not only after their deadlines.
   */
  restore(shared: readonly Decision[]): void {
    const prepared = this.#tables.restore();
    for (const decision of shared) this.#tables.restoreShared(decision);
    for (const { stream, log, position, commitId: attemptId } of prepared) {
      const body = encodeResolverMessage({ kind: 'intent', stream, log, position, attemptId });
      void this.#queues.resolver.send([{ body, delay: 0 }]);
    }
  }

  /** True if the Region is lost. */
  get isLost(): boolean {
    return this.#life.ended;
  }

  /** Ends everything in this Region permanently, except for the links to others. */
  lose(): void {
    this.#life.end();
  }

  /** From now on, calls of the tables fail for this many milliseconds, and nothing is replicated to or from them. */
  cutTables(milliseconds: number): void {
    this.#tables.outage.begin(milliseconds);
  }

  /** Milliseconds for which calls of the tables still fail; 0 if they do not. */
  get tablesCutMs(): number {
    return this.#tables.outage.left;
  }

  linksTo(region: string): Links {
    return this.#peerIn(region).links;
  }

  /**
   * One request to the Region's Function URL.
   * @throws Error if the function fails, or its response is too large: 502; if the connection breaks
   */
  async request(event: LambdaFunctionURLEvent): Promise<Answer> {
    await this.#mayBreak('client.lost');
    const answer = await this.#life.answer(() => this.#functions.api.invoke(event));
    await this.#mayBreak('client.answer-lost');
    return answerPayload(answer);
  }

  async #mayBreak(fault: Fault): Promise<void> {
    const { scheduler, weather } = this.#options;
    if (!weather.happens(fault, this.name)) return;
    await sleepOn(scheduler, weather.between(...BROKEN_MS));
    throw new Error('The connection broke.');
  }

  /** Lets go on what invocations left running when they were answered, as the next ones of the same processes would. */
  thaw(): void {
    this.#functions.thaw();
  }

  /** Ends all processes of the Region: function instances, with their warm memory, and executions of the state machine. */
  restart(): void {
    this.machine.killAll();
    this.#functions.restart();
  }

  /** The code of new instances. */
  get domain(): Domain {
    return this.#domain;
  }

  /** Deploys other code: instances of the earlier code live on for up to a minute, and run beside those of the new code. */
  deploy(domain: Domain): void {
    this.#domain = domain;
    this.#changeFastPath(fastPathPattern(this.name, [...projectedTypes(domain)].sort()));
    this.#functions.rollOut();
  }

  /** Deploys another configuration, in the same way. */
  configure(configuration: Configuration): void {
    this.#configuration = configuration;
    this.#functions.rollOut();
  }

  /** Restores the events to a time, in milliseconds since 1970. */
  restoreEvents(at: number): void {
    this.#tables.restoreEvents(at);
  }

  /** The tables as no process reaches them, to damage what they hold. */
  get tables(): Pick<RegionTables, 'events' | 'views' | 'placements'> {
    return this.#tables;
  }

  /** Sends all that is replicated from this Region to a new replica. */
  fill(replica: WorldRegion): void {
    this.#tables.fill(replica.#tables);
  }

  /** One invocation of the Region's `operate` function with an action. */
  operate<Name extends OperatorAction>(action: Name, input: ActionInput<Name>): Promise<OperateAnswer> {
    return this.invokeOperate(encodeOperateRequest(action, input));
  }

  /** One invocation of the Region's `operate` function with any request, JSON in both directions. */
  async invokeOperate(request: unknown): Promise<OperateAnswer> {
    const answer = await this.#life.answer(() => this.#functions.operate.invoke(requestPayload(request)));
    return operateAnswerSchema.parse(answerPayload(answer));
  }

  /** The commits of a stream in the table, seen or hidden. */
  load(stream: string): Promise<readonly Commit[]> {
    return this.#tables.stored(stream);
  }

  /** Every commit that the table holds, by stream. */
  async commits(): Promise<readonly Commit[]> {
    return this.#tables.stored();
  }

  /**
   * The events table as a process reaches it that is none of the functions here: with the faults of the world. For another design of
   * an event store, to compare it with this one.
   */
  eventsFor(name: string): EventsTable {
    return this.#faulty(name, () => undefined).events;
  }

  /** The decisions in the table on a transaction, in the order of its attempts. */
  attempts(transaction: string): Promise<readonly Decision[]> {
    return this.#tables.attempts(transaction);
  }

  /** The outcome in the table of a one-Region transaction. */
  oneRegionDecision(transaction: string): Promise<Decision | undefined> {
    return this.#tables.events.findDecision(transaction);
  }

  #peerIn(region: string): { readonly links: Links; readonly peer: WorldRegion } {
    const connection = this.#peers.get(region);
    if (!connection) throw new Error(`${this.name} has no link to ${region}.`);
    return connection;
  }

  #subscribe({ subscription, functions }: LoadedSubscriber): void {
    const { name, from, hasTable, home, patternIn } = subscription;
    const { region } = this.#options;
    const log = new SubscriberLog(this.#options.telemetry.log, { subscriber: name, region });
    const telemetry = { ...this.#options.telemetry, log };
    const table = hasTable ? this.#subscriberTable(name, home) : undefined;
    if (table) this.#subscriberTables.set(name, table);
    const consumer = this.#functions.subscriber(subscription, (process) => {
      const of = this.#processPorts(process);
      const { progress, waiting, placements } = of.of(
        this.#faulty(name, process.exit, { progress: table?.progress, waiting: own }),
      );
      const { runtime } = of;
      const environment = subscriberEnvironment(subscription, {
        ...this.#options,
        regions: this.#configuration.regions,
        runtime,
        request: (to, event) => process.call(() => this.#requestTo(to, event)),
      });
      const station = home === undefined ? undefined : { home, placement: new KnownPlacement(placements, runtime) };
      const ports = {
        ...{ deployment: 'world', name, region, station, environment, from },
        ...{ progress, waiting, runtime, telemetry },
      };
      return log.around(async (batch, context) => subscriberOn(await functions, ports)(batch, context));
    });
    const queue = this.#queues.subscriber(subscription, {
      consumer,
      onDeadLetter: (message) => log.deadLetter(message),
    });
    const own = waitingQueue(queue);
    this.bus.addRule(patternIn(region), { kind: 'queue', queue });
  }

  /** The table of a subscriber; with a home it is replicated. */
  #subscriberTable(name: string, home: string | undefined): SubscriberTable {
    const { region, storage } = this.#options;
    const { now } = this.#runtime;
    if (home !== undefined) return this.#tables.subscriberTable(name, now);
    return subscriberTable(now, storage && { storage, table: `subscribers/${name}/${region}` });
  }

  /**
   * Sends a request from this Region to the API of any Region.
   * @throws Error if a link is cut; the errors of `request`
   */
  async #requestTo(region: string, event: LambdaFunctionURLEvent): Promise<Answer> {
    if (region === this.name) return this.request(event);
    return callOver(this.#wayTo(region), () => this.#peerIn(region).peer.request(event));
  }

  /** The way of a call to another Region, and of its answer. */
  #wayTo(region: string): CallOptions {
    const { links, peer } = this.#peerIn(region);
    const { scheduler, weather } = this.#options;
    return { scheduler, weather, region: this.name, there: links.invoke, back: peer.linksTo(this.name).invoke };
  }

  /** The ports of one process of a function. */
  #ports(name: string, process: Process): FunctionPorts {
    const { region, telemetry } = this.#options;
    const own = this.#processPorts(process);
    const called = own.of(this.#faulty(name, process.exit));
    return {
      ...called,
      ...ownPorts({
        ...{ region, telemetry, domain: this.#domain, configuration: this.#configuration },
        ...{ runtime: own.runtime, placements: called.placements },
      }),
    };
  }

  #processPorts(process: Process): ProcessPorts {
    return new ProcessPorts(process, { ...this.#options, clock: this.clock, runtime: this.#runtime });
  }

  /** The ports that one instance of a function calls over the network, with injected faults. */
  #faulty(
    name: string,
    exit: () => void,
    { progress, waiting }: Pick<FaultyPorts, 'progress' | 'waiting'> = {},
  ): FaultyPorts {
    const { region, withFaults } = this.#options;
    const { snapshots, views, sightings, ledger, placements, decisions } = this.#tables;
    const events = this.#tables.allEvents(strongTypes(this.#domain));
    const { projection, ahead, lookAgain, ingest, resolver } = this.#queues;
    const ports = {
      ...{ events, snapshots, views, sightings, ledger, placements, decisions },
      ...{ projection, ahead, lookAgain, ingest, resolver },
      ...(progress && { progress }),
      ...(waiting && { waiting }),
      bus: this.bus,
      quarantine: this.quarantine,
      remote: this.#remote(({ command }) => command),
      participants: this.#remote(({ participant }) => participant),
      turns: this.#remote(({ turn }) => turn),
      machine: this.machine,
    };
    const weather = { ...this.#options, of: name, exit, tables: this.#tables, throttles: this.#throttles };
    return withFaults(region, weatherPorts(ports, weather), exit, name);
  }

  /** One function of the other Regions. */
  #remote(functionOf: (functions: RegionFunctions) => FunctionPool<unknown, unknown>): Remote {
    return remoteOver(this.#options.scheduler, (region) => ({
      ...this.#wayTo(region),
      callee: functionOf(this.#peerIn(region).peer.#functions),
    }));
  }
}
