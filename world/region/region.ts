import { hash } from 'node:crypto';
import type {
  Context,
  DynamoDBBatchResponse,
  DynamoDBStreamEvent,
  LambdaFunctionURLEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import { memoryDecisions } from '../../adapters/memory/decisions.ts';
import { type EventsChange, type MemoryEventStore, memoryEventStore } from '../../adapters/memory/event-store.ts';
import { memoryQuarantine } from '../../adapters/memory/quarantine.ts';
import { memorySightings } from '../../adapters/memory/sightings.ts';
import { memorySnapshotStore } from '../../adapters/memory/snapshot-store.ts';
import { memoryViewStore } from '../../adapters/memory/view-store.ts';
import { warmStreams } from '../../adapters/node/warm-streams.ts';
import {
  type Commit,
  type Decision,
  type Decisions,
  type DelayedQueue,
  type Domain,
  type EventPattern,
  fastPathPattern,
  ingestPattern,
  MeridianError,
  type OperateAnswer,
  operateAnswerSchema,
  projectedTypes,
  type Queue,
  type Remote,
  type RemoteAnswer,
  type Runtime,
  type Sightings,
  type SnapshotStore,
  type ViewsTable,
} from '../../core/index.ts';
import { REMOTE_MS } from '../../core/limits/budgets.ts';
import * as api from '../../lambdas/api/handler.ts';
import type { Answer } from '../../lambdas/api/http.ts';
import * as command from '../../lambdas/command/handler.ts';
import * as coordinate from '../../lambdas/coordinate/handler.ts';
import * as ingest from '../../lambdas/ingest/handler.ts';
import type { Telemetry } from '../../lambdas/instrument.ts';
import * as operate from '../../lambdas/operate/handler.ts';
import * as participant from '../../lambdas/participant/handler.ts';
import * as projection from '../../lambdas/projection/handler.ts';
import * as relay from '../../lambdas/relay/handler.ts';
import * as resolver from '../../lambdas/resolver/handler.ts';
import type { Link } from '../network/link.ts';
import { WorldBus } from '../services/bus.ts';
import { FunctionPool, type Handler } from '../services/function-pool.ts';
import { KeepingQueue, type QueueOptions, WorldDelayedQueue, WorldQueue } from '../services/queue.ts';
import { WorldStateMachine } from '../services/state-machine.ts';
import { TableStream } from '../services/table-stream.ts';
import type { Activity } from '../time/activity.ts';
import { hexId, type Random } from '../time/randomness.ts';
import { type Scheduler, sleepOn, withTimeout } from '../time/scheduler.ts';
import type { FaultyPorts } from './faults.ts';
import { type RoundTrip, strongDecisions } from './strong-decisions.ts';

/** The three ways from a Region to another. */
export interface Links {
  readonly replication: Link;
  readonly bus: Link;
  readonly invoke: Link;
}

/** A subscriber of every Region's bus: a rule, a queue and a function. */
export interface Subscription {
  readonly name: string;
  readonly pattern: EventPattern;
  /** Makes one instance of the function in a Region. */
  readonly make: (ports: {
    readonly region: string;
    readonly runtime: Runtime;
    readonly telemetry: Telemetry;
  }) => Handler<SQSEvent, SQSBatchResponse>;
}

export interface RegionOptions {
  readonly region: string;
  readonly regions: readonly string[];
  readonly domain: Domain;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly activity: Activity;
  /** Counts the messages to the resolver that are not due yet. */
  readonly later: Activity;
  /** The decisions that all Regions share; undefined: each has a store of its own, replicated. */
  readonly sharedDecisions: Decisions | undefined;
  readonly telemetry: Telemetry;
  /** Milliseconds by which this Region's clock is ahead of the world's. */
  readonly clockAhead: number;
  /** What the queues and the table's stream do to messages. */
  readonly duplicates: number;
  readonly reorders: boolean;
  /** Puts faults between the functions and what they use; called for every instance of a function. */
  readonly withFaults: (region: string, ports: FaultyPorts, exit: () => void) => FaultyPorts;
  readonly subscriptions: readonly Subscription[];
}

/** Milliseconds that a function may run, as in the stacks. */
const TIMEOUTS = {
  api: 60_000,
  command: 45_000,
  coordinate: 15_000,
  ingest: 60_000,
  operate: 60_000,
  participant: 30_000,
  projection: 60_000,
  relay: 60_000,
  resolver: 10_000,
  subscriber: 60_000,
};
/** Messages are hidden for so many timeouts of their function, as in the stacks. */
const HIDDEN_TIMEOUTS = 6;
/** How often a queue shows a message before it gives it up, as in the stacks. */
const MAX_RECEIVES = { ingest: 5, projection: 10, subscriber: 10, resolver: 1000 };
/** Recovery has to be quick: what could not be resolved is tried again after so many milliseconds. */
const RESOLVER_HIDDEN_MS = 10_000;
/**
 * Instances in one Region of a function that a queue feeds: enough that they meet at a stream, few enough for one machine.
 */
const CONCURRENCY = 4;
/**
 * Of a function that is called: such calls wait for each other, across Regions too, so that few instances could all
 * wait for one that is not free.
 */
const CALLED_CONCURRENCY = 100;
const BATCH_SIZE = 100;
const RESOLVER_BATCH_SIZE = 10;

/** What happened in a Region. */
export interface RegionCounts {
  /** Commits that were appended here, intents included. */
  written: number;
  /** Of them intents of transactions over several Regions. */
  intents: number;
  /** Intents that were made final here. */
  finalised: number;
  /** Decisions that were put here. */
  decided: number;
  /** Outcomes of one-Region transactions that were put here. */
  oneRegionDecisions: number;
  /** Commits that the table here holds, every Region's. */
  seen: number;
  /** Milliseconds from the append of another Region's commit to its arrival in the table here. */
  readonly lags: number[];
  readonly metrics: Map<string, number>;
}

/**
 * One Region: its tables with their streams, a bus, queues, functions and a state machine. It shares nothing with others
 * but links, and strong decisions.
 */
export class WorldRegion {
  readonly name: string;
  readonly counts: RegionCounts = {
    written: 0,
    intents: 0,
    finalised: 0,
    decided: 0,
    oneRegionDecisions: 0,
    seen: 0,
    lags: [],
    metrics: new Map(),
  };
  readonly quarantine: ReturnType<typeof memoryQuarantine>;
  readonly bus: WorldBus;
  /** What the projection queue gave up. */
  readonly projectionDeadLetters = new KeepingQueue();
  /** What the subscribers' queues gave up. */
  readonly subscriberDeadLetters = new KeepingQueue();
  /** What the resolver's queue gave up. */
  readonly resolverDeadLetters = new KeepingQueue();
  readonly tableStream: TableStream;
  /** The stream of the decisions. */
  readonly decisionStream: TableStream;
  readonly machine: WorldStateMachine;
  readonly #options: RegionOptions;
  readonly #links = new Map<string, { readonly links: Links; readonly peer: WorldRegion }>();
  readonly #table: MemoryEventStore;
  readonly #snapshots: SnapshotStore = memorySnapshotStore();
  readonly #views: ViewsTable = memoryViewStore();
  readonly #sightings: Sightings = memorySightings();
  readonly #decisions: Decisions;
  readonly #replicateDecision: (decision: Decision) => void;
  readonly #ingest: WorldQueue;
  readonly #projection: WorldQueue;
  readonly #resolver: DelayedQueue;
  readonly #api: FunctionPool<LambdaFunctionURLEvent, Answer>;
  readonly #command: FunctionPool<unknown, RemoteAnswer>;
  readonly #participant: FunctionPool<unknown, unknown>;
  readonly #operate: FunctionPool<unknown, OperateAnswer>;

  constructor(options: RegionOptions) {
    const { region, scheduler, random, activity, duplicates } = options;
    this.name = region;
    this.#options = options;
    this.bus = new WorldBus(region, scheduler);
    this.quarantine = memoryQuarantine(() => scheduler.now());
    this.#table = memoryEventStore((change) => this.#onChange(change));
    this.#api = this.#pool('api', CALLED_CONCURRENCY, (exit) => api.makeHandler({ ...this.#ports(exit), region }));
    this.#command = this.#pool('command', CALLED_CONCURRENCY, (exit) => command.makeHandler(this.#ports(exit)));
    this.#operate = this.#pool('operate', CONCURRENCY, (exit) => operate.makeHandler(this.#portsAlone(exit)));
    this.#participant = this.#pool('participant', CALLED_CONCURRENCY, (exit) =>
      participant.makeHandler(this.#ports(exit)),
    );
    const coordinator = this.#pool('coordinate', CALLED_CONCURRENCY, (exit) =>
      coordinate.makeHandler(this.#ports(exit)),
    );
    this.machine = new WorldStateMachine(
      {
        coordinate: (input) => coordinator.invoke(input),
        participant: (input) => this.#participant.invoke(input),
      },
      scheduler,
      random,
      activity,
    );
    // Each of the two streams has a shard, which is delivered one batch after the other.
    const relays = this.#pool<DynamoDBStreamEvent, DynamoDBBatchResponse>('relay', 2, (exit) =>
      relay.makeHandler({ ...this.#ports(exit), projectedTypes: projectedTypes(options.domain), changeOf }),
    );
    const streamOptions = { region, batchSize: BATCH_SIZE, maxTries: 10, retryAfter: 1000, duplicates };
    this.tableStream = new TableStream(streamOptions, scheduler, random, activity, relays);
    this.decisionStream = new TableStream(streamOptions, scheduler, random, activity, relays);
    const { decisions, replicate } = this.#decisionsOf(options.sharedDecisions);
    this.#decisions = decisions;
    this.#replicateDecision = replicate;
    this.#projection = this.#queue(
      'projection',
      this.#pool('projection', CONCURRENCY, (exit) => projection.makeHandler(this.#portsAlone(exit))),
      { maxReceives: MAX_RECEIVES.projection, deadLetters: this.projectionDeadLetters },
    );
    this.#ingest = this.#queue(
      'ingest',
      this.#pool('ingest', CONCURRENCY, (exit) => ingest.makeHandler(this.#ports(exit))),
      { maxReceives: MAX_RECEIVES.ingest, deadLetters: this.quarantine },
    );
    const resolverQueue = this.#queue(
      'resolver',
      this.#pool('resolver', CONCURRENCY, (exit) => resolver.makeHandler(this.#ports(exit))),
      {
        maxReceives: MAX_RECEIVES.resolver,
        deadLetters: this.resolverDeadLetters,
        batchSize: RESOLVER_BATCH_SIZE,
        visibilityTimeout: RESOLVER_HIDDEN_MS,
        hidden: options.later,
      },
    );
    this.#resolver = new WorldDelayedQueue(resolverQueue);
    this.bus.addRule(ingestPattern, { kind: 'queue', queue: this.#ingest });
    this.bus.addRule(fastPathPattern(region, projectedTypes(options.domain)), {
      kind: 'queue',
      queue: this.#projection,
    });
    for (const { name, pattern, make } of options.subscriptions) {
      const consumer = this.#pool('subscriber', CONCURRENCY, () =>
        make({ region, runtime: this.#runtime, telemetry: options.telemetry }),
      );
      const queue = this.#queue(name, consumer, {
        maxReceives: MAX_RECEIVES.subscriber,
        deadLetters: this.subscriberDeadLetters,
      });
      this.bus.addRule(pattern, { kind: 'queue', queue });
    }
  }

  /** Makes the other Regions reachable. */
  connect(peer: WorldRegion, links: Links): void {
    this.#links.set(peer.name, { links, peer });
  }

  linksTo(region: string): Links {
    const connection = this.#links.get(region);
    if (!connection) throw new Error(`${this.name} has no link to ${region}.`);
    return connection.links;
  }

  /** One request to the Region's Function URL. */
  request(event: LambdaFunctionURLEvent): Promise<Answer> {
    return this.#api.invoke(event);
  }

  /** One invocation of the Region's `operate` function, JSON on both ways. */
  async operate(request: unknown): Promise<OperateAnswer> {
    return operateAnswerSchema.parse(JSON.parse(JSON.stringify(await this.#operate.invoke(request))));
  }

  /** The commits of a stream that the table holds, seen or not. */
  load(stream: string): Promise<readonly Commit[]> {
    return this.#table.load(stream);
  }

  /** The decisions that the table holds of a transaction, in the order of its attempts. */
  attempts(transaction: string): Promise<readonly Decision[]> {
    return (this.#options.sharedDecisions ?? this.#decisions).attempts(transaction);
  }

  /** The outcome that the table holds of a one-Region transaction. */
  oneRegionDecision(transaction: string): Promise<Decision | undefined> {
    return this.#table.findDecision(transaction);
  }

  #onChange(change: EventsChange): void {
    this.tableStream.push(change);
    if ('oneRegionDecision' in change) {
      const { oneRegionDecision: decision } = change;
      if (decision.region !== this.name) return;
      this.counts.oneRegionDecisions++;
      this.#replicate((peer) => peer.#table.replicateDecision(decision));
      return;
    }
    const { commit, before } = change;
    if (!before) this.counts.seen++;
    if (commit.region !== this.name) return;
    if (before) this.counts.finalised++;
    else {
      this.counts.written++;
      if (commit.tx) this.counts.intents++;
    }
    const writtenAt = this.#options.scheduler.now();
    this.#replicate((peer) => peer.#onReplicated(commit, writtenAt));
  }

  /** Does something in every other Region, as soon as replication has come there. */
  #replicate(there: (peer: WorldRegion) => void): void {
    for (const { links, peer } of this.#links.values()) links.replication.send(() => there(peer));
  }

  /** @returns `replicate`: takes in what was decided in another Region */
  #decisionsOf(shared: Decisions | undefined): {
    readonly decisions: Decisions;
    readonly replicate: (decision: Decision) => void;
  } {
    const record = (decision: Decision): void => this.decisionStream.push({ decision });
    const onPut = (decision: Decision): void => {
      record(decision);
      if (decision.region !== this.name) return;
      this.counts.decided++;
      this.#replicate((peer) => peer.#replicateDecision(decision));
    };
    // What is shared need not be taken in: its record comes to every Region's stream.
    if (shared) return { decisions: strongDecisions(shared, () => this.#roundTrips(), onPut), replicate: record };
    const decisions = memoryDecisions({ strong: false, onPut });
    return { decisions, replicate: (decision) => decisions.replicate(decision) };
  }

  #roundTrips(): readonly RoundTrip[] {
    return [...this.#links.values()].map(({ links, peer }) => ({
      there: () => links.invoke.pass(),
      back: () => peer.linksTo(this.name).invoke.pass(),
    }));
  }

  #onReplicated(commit: Commit, writtenAt: number): void {
    const before = this.counts.seen;
    this.#table.replicate(commit);
    if (this.counts.seen > before) this.counts.lags.push(this.#options.scheduler.now() - writtenAt);
  }

  /** What one instance of a function works with; its warm memory is its own. */
  #ports(exit: () => void) {
    const { region, regions, domain, telemetry, withFaults } = this.#options;
    return {
      ...withFaults(
        region,
        {
          events: this.#table,
          snapshots: this.#snapshots,
          views: this.#views,
          sightings: this.#sightings,
          bus: this.bus,
          projection: this.#projection,
          quarantine: this.quarantine,
          remote: this.#remoteOf((peer) => peer.#command),
          decisions: this.#decisions,
          participants: this.#remoteOf((peer) => peer.#participant),
          machine: this.machine,
          resolver: this.#resolver,
        },
        exit,
      ),
      ingest: this.#ingest,
      region,
      regions,
      log: region,
      domain,
      runtime: this.#runtime,
      warm: warmStreams(),
      telemetry,
    };
  }

  /** Of a function that looks at this Region alone. */
  #portsAlone(exit: () => void) {
    const { participants: _participants, ...ports } = this.#ports(exit);
    return ports;
  }

  /** One function of the other Regions. */
  #remoteOf(functionOf: (peer: WorldRegion) => FunctionPool<unknown, unknown>): Remote {
    const call = async (region: string, request: unknown): Promise<unknown> => {
      const { links, peer } = this.#links.get(region) ?? {};
      if (!links || !peer) throw new Error(`There is no way to ${region}.`);
      await links.invoke.pass();
      const answer = await functionOf(peer).invoke(JSON.parse(JSON.stringify(request)));
      await peer.linksTo(this.name).invoke.pass();
      return JSON.parse(JSON.stringify(answer));
    };
    return {
      invoke: async (region, request, limit = REMOTE_MS) => {
        try {
          return await withTimeout(this.#options.scheduler, limit, `No answer in ${limit} ms.`, call(region, request));
        } catch (cause) {
          throw new MeridianError('region-unreachable', `${region} did not answer: try again.`, {
            retryable: true,
            cause,
          });
        }
      },
    };
  }

  get #runtime(): Runtime {
    const { scheduler, random, clockAhead } = this.#options;
    return {
      now: () => scheduler.now() + clockAhead,
      elapsed: () => scheduler.now(),
      sleep: (milliseconds) => sleepOn(scheduler, milliseconds),
      random,
      newId: () => hexId(random),
      digest: (text) => hash('sha256', text, 'base64url'),
      metric: (name, _unit, value) => this.counts.metrics.set(name, (this.counts.metrics.get(name) ?? 0) + value),
    };
  }

  #pool<Event, Result>(
    name: keyof typeof TIMEOUTS,
    concurrency: number,
    make: (exit: () => void) => (event: Event, context: Context) => Promise<Result>,
  ): FunctionPool<Event, Result> {
    const { scheduler, activity } = this.#options;
    return new FunctionPool({ name, concurrency, timeout: TIMEOUTS[name] }, scheduler, activity, make);
  }

  #queue(
    name: string,
    consumer: FunctionPool<SQSEvent, SQSBatchResponse>,
    {
      maxReceives,
      deadLetters,
      batchSize = BATCH_SIZE,
      visibilityTimeout = HIDDEN_TIMEOUTS * TIMEOUTS.ingest,
      hidden,
    }: Pick<QueueOptions, 'maxReceives'> &
      Partial<Pick<QueueOptions, 'batchSize' | 'visibilityTimeout'>> & {
        readonly deadLetters: Queue;
        readonly hidden?: Activity;
      },
  ): WorldQueue {
    const { region, scheduler, random, activity, duplicates, reorders } = this.#options;
    return new WorldQueue(
      {
        name,
        region,
        batchSize,
        visibilityTimeout,
        maxReceives,
        duplicates,
        reorders,
      },
      scheduler,
      random,
      activity,
      consumer,
      deadLetters,
      hidden,
    );
  }
}
