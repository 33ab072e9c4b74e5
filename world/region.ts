import { hash } from 'node:crypto';
import type {
  Context,
  DynamoDBBatchResponse,
  DynamoDBStreamEvent,
  LambdaFunctionURLEvent,
  SQSBatchResponse,
  SQSEvent,
} from 'aws-lambda';
import { fromImage } from '../adapters/dynamodb/commit-item.ts';
import { type MemoryEventStore, memoryEventStore } from '../adapters/memory/event-store.ts';
import { memoryQuarantine } from '../adapters/memory/quarantine.ts';
import { memorySightings } from '../adapters/memory/sightings.ts';
import { memorySnapshotStore } from '../adapters/memory/snapshot-store.ts';
import { memoryViewStore } from '../adapters/memory/view-store.ts';
import { warmStreams } from '../adapters/node/warm-streams.ts';
import {
  type Bus,
  type Commit,
  type Domain,
  type EventPattern,
  type EventStore,
  fastPathPattern,
  ingressPattern,
  MeridianError,
  type OperateAnswer,
  operateAnswer,
  projectedTypes,
  type Quarantine,
  type Queue,
  type Remote,
  type RemoteAnswer,
  type Runtime,
  type Sightings,
  type SnapshotStore,
  type ViewStore,
} from '../core/index.ts';
import * as api from '../lambdas/api/handler.ts';
import type { Answer } from '../lambdas/api/http.ts';
import * as command from '../lambdas/command/handler.ts';
import * as ingest from '../lambdas/ingest/handler.ts';
import type { Telemetry } from '../lambdas/instrument.ts';
import * as operate from '../lambdas/operate/handler.ts';
import * as project from '../lambdas/project/handler.ts';
import * as relay from '../lambdas/relay/handler.ts';
import type { Activity } from './activity.ts';
import { WorldBus } from './bus.ts';
import { FunctionPool, type Handler } from './function-pool.ts';
import type { Link } from './link.ts';
import { KeepingQueue, WorldQueue } from './queue.ts';
import { hexId, type Random } from './randomness.ts';
import { type Scheduler, sleepOn } from './scheduler.ts';
import { TableStream } from './table-stream.ts';

/** The three ways from a Region to another. */
export interface Links {
  readonly replication: Link;
  readonly bus: Link;
  readonly invoke: Link;
}

/** The ports of a Region that tests put faults into: everything that a function calls over a network. */
export interface FaultyPorts {
  readonly events: EventStore;
  readonly snapshots: SnapshotStore;
  readonly views: ViewStore;
  readonly sightings: Sightings;
  readonly bus: Bus;
  readonly projection: Queue;
  readonly quarantine: Quarantine;
  readonly remote: Remote;
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
  readonly telemetry: Telemetry;
  /** Milliseconds by which this Region's clock is ahead of the world's. */
  readonly clockAhead: number;
  /** What the queues and the table's stream do to messages. */
  readonly duplicates: number;
  readonly reorders: boolean;
  /** Puts faults between the functions and what they use; called for every instance of a function. */
  readonly withFaults: (region: string, ports: FaultyPorts) => FaultyPorts;
  readonly subscriptions: readonly Subscription[];
}

/** Milliseconds that a function may run, as in the stacks. */
const TIMEOUTS = {
  api: 60_000,
  command: 45_000,
  ingest: 60_000,
  operate: 60_000,
  project: 60_000,
  relay: 60_000,
  subscriber: 60_000,
};
/** Messages are hidden for so many timeouts of their function, as in the stacks. */
const HIDDEN_TIMEOUTS = 6;
/** How often a queue shows a message before it gives it up, as in the stacks. */
const MAX_RECEIVES = { ingress: 5, projection: 10, subscriber: 10 };
/** Instances of one function in one Region: enough that they meet at a stream, few enough for one machine. */
const CONCURRENCY = 4;
const BATCH_SIZE = 100;

/** What happened in a Region. */
export interface RegionCounts {
  /** Commits that were appended here. */
  written: number;
  /** Commits that the table here holds, every Region's. */
  seen: number;
  /** Milliseconds from the append of another Region's commit to its arrival in the table here. */
  readonly lags: number[];
  readonly metrics: Map<string, number>;
}

/** One Region: a table with its stream, a bus, two queues and six functions. It shares nothing with others but links. */
export class WorldRegion {
  readonly name: string;
  readonly counts: RegionCounts = { written: 0, seen: 0, lags: [], metrics: new Map() };
  readonly quarantine: ReturnType<typeof memoryQuarantine>;
  readonly bus: WorldBus;
  /** What the projection queue gave up. */
  readonly projectionDeadLetters = new KeepingQueue();
  /** What the subscribers' queues gave up. */
  readonly subscriberDeadLetters = new KeepingQueue();
  readonly tableStream: TableStream;
  readonly #options: RegionOptions;
  readonly #links = new Map<string, { readonly links: Links; readonly peer: WorldRegion }>();
  readonly #table: MemoryEventStore;
  readonly #snapshots: SnapshotStore = memorySnapshotStore();
  readonly #views: ViewStore = memoryViewStore();
  readonly #sightings: Sightings = memorySightings();
  readonly #ingress: WorldQueue;
  readonly #projection: WorldQueue;
  readonly #api: FunctionPool<LambdaFunctionURLEvent, Answer>;
  readonly #command: FunctionPool<unknown, RemoteAnswer>;
  readonly #operate: FunctionPool<unknown, OperateAnswer>;

  constructor(options: RegionOptions) {
    const { region, scheduler, random, activity, duplicates } = options;
    this.name = region;
    this.#options = options;
    this.bus = new WorldBus(region, scheduler);
    this.quarantine = memoryQuarantine(() => scheduler.now());
    this.#table = memoryEventStore((commit) => this.#onInsert(commit));
    this.#api = this.#pool('api', CONCURRENCY, () => api.makeHandler({ ...this.#ports(), region }));
    this.#command = this.#pool('command', CONCURRENCY, () => command.makeHandler(this.#ports()));
    this.#operate = this.#pool('operate', CONCURRENCY, () => operate.makeHandler(this.#ports()));
    this.tableStream = new TableStream(
      { region, batchSize: BATCH_SIZE, maxTries: 10, retryAfter: 1000, duplicates },
      scheduler,
      random,
      activity,
      this.#pool<DynamoDBStreamEvent, DynamoDBBatchResponse>('relay', 1, () =>
        relay.makeHandler({
          ...this.#ports(),
          projectedTypes: projectedTypes(options.domain),
          commitOf: fromImage,
        }),
      ),
    );
    this.#projection = this.#queue(
      'projection',
      this.#pool('project', CONCURRENCY, () => project.makeHandler(this.#ports())),
      { maxReceives: MAX_RECEIVES.projection, deadLetters: this.projectionDeadLetters },
    );
    this.#ingress = this.#queue(
      'ingress',
      this.#pool('ingest', CONCURRENCY, () => ingest.makeHandler(this.#ports())),
      { maxReceives: MAX_RECEIVES.ingress, deadLetters: this.quarantine },
    );
    this.bus.addRule(ingressPattern, { kind: 'queue', queue: this.#ingress });
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
    return operateAnswer.parse(JSON.parse(JSON.stringify(await this.#operate.invoke(request))));
  }

  /** The commits of a stream that the table holds, seen or not. */
  load(stream: string): Promise<readonly Commit[]> {
    return this.#table.load(stream);
  }

  #onInsert(commit: Commit): void {
    this.counts.seen++;
    this.tableStream.push(commit);
    if (commit.region !== this.name) return;
    this.counts.written++;
    const writtenAt = this.#options.scheduler.now();
    for (const { links, peer } of this.#links.values())
      links.replication.send(() => peer.#onReplicated(commit, writtenAt));
  }

  #onReplicated(commit: Commit, writtenAt: number): void {
    const before = this.counts.seen;
    this.#table.replicate(commit);
    if (this.counts.seen > before) this.counts.lags.push(this.#options.scheduler.now() - writtenAt);
  }

  /** What one instance of a function works with; its warm memory is its own. */
  #ports() {
    const { region, regions, domain, telemetry, withFaults } = this.#options;
    return {
      ...withFaults(region, {
        events: this.#table,
        snapshots: this.#snapshots,
        views: this.#views,
        sightings: this.#sightings,
        bus: this.bus,
        projection: this.#projection,
        quarantine: this.quarantine,
        remote: this.#remote,
      }),
      ingress: this.#ingress,
      region,
      regions,
      log: region,
      domain,
      runtime: this.#runtime,
      warm: warmStreams(),
      telemetry,
    };
  }

  readonly #remote: Remote = {
    invoke: async (region, request) => {
      const { links, peer } = this.#links.get(region) ?? {};
      try {
        if (!links || !peer) throw new Error(`There is no way to ${region}.`);
        await links.invoke.pass();
        const answer = await peer.#command.invoke(JSON.parse(JSON.stringify(request)));
        await peer.linksTo(this.name).invoke.pass();
        return JSON.parse(JSON.stringify(answer));
      } catch (cause) {
        throw new MeridianError('region-unreachable', `${region} did not answer: try again.`, {
          retryable: true,
          cause,
        });
      }
    },
  };

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
    make: () => (event: Event, context: Context) => Promise<Result>,
  ): FunctionPool<Event, Result> {
    const { scheduler, activity } = this.#options;
    return new FunctionPool({ name, concurrency, timeout: TIMEOUTS[name] }, scheduler, activity, make);
  }

  #queue(
    name: string,
    consumer: FunctionPool<SQSEvent, SQSBatchResponse>,
    { maxReceives, deadLetters }: { readonly maxReceives: number; readonly deadLetters: Queue },
  ): WorldQueue {
    const { region, scheduler, random, activity, duplicates, reorders } = this.#options;
    return new WorldQueue(
      {
        name,
        region,
        batchSize: BATCH_SIZE,
        visibilityTimeout: HIDDEN_TIMEOUTS * TIMEOUTS.ingest,
        maxReceives,
        duplicates,
        reorders,
      },
      scheduler,
      random,
      activity,
      consumer,
      deadLetters,
    );
  }
}
