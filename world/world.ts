import { fromDecisionItem } from '../adapters/dynamodb/decision-item.ts';
import { type MemoryDecisions, memoryDecisions } from '../adapters/memory/decisions.ts';
import { type Decision, type Domain, strongTypes } from '../core/index.ts';
import { allowStrong, STRONG_REGION_SETS } from '../core/limits/aws.ts';
import type { DecisionsKind } from '../core/names.ts';
import type { Telemetry } from '../lambdas/instrument.ts';
import { printedErrors } from './error-log.ts';
import type { Link, LinkOptions } from './network/link.ts';
import { type Configuration, withLog, withoutRegion, withRegion } from './region/configuration.ts';
import { Connections } from './region/connections.ts';
import type { Overrides } from './region/deployment.ts';
import type { FaultyPorts } from './region/faults.ts';
import type { Links } from './region/links.ts';
import { WorldRegion } from './region/region.ts';
import { SharedLog } from './region/shared-log.ts';
import type { Storage } from './region/storage.ts';
import type { FaultListener, PortListener } from './region/weather-ports.ts';
import { imagesOf } from './services/table-stream.ts';
import { loadSubscribers, type WorldSubscriber } from './subscribers.ts';
import { Activity } from './time/activity.ts';
import { seeded } from './time/randomness.ts';
import { realScheduler, type Scheduler } from './time/scheduler.ts';
import { Weather } from './weather.ts';

type Latency = LinkOptions['latency'];

/** Milliseconds, close to AWS: table replication, forwarding by a rule to another bus, one direction of an Invoke. */
const awsLatencies = { replication: [500, 1500], bus: [100, 300], invoke: [20, 50] } as const satisfies Record<
  keyof Links,
  Latency
>;
const noLatency = { replication: [0, 0], bus: [0, 0], invoke: [0, 0] } as const satisfies typeof awsLatencies | object;

export interface WorldOptions {
  readonly domain: Domain;
  /** The domains of Regions that run other code, as during a rolling deployment. @default none */
  readonly domains?: Readonly<Record<string, Domain>>;
  /** At least two Regions. */
  readonly regions: readonly string[];
  /** @default real time */
  readonly scheduler?: Scheduler;
  /** Seed of all randomness in the world: with a virtual scheduler, the same seed gives the same run. @default 1 */
  readonly seed?: number;
  /**
   * Whether links have latencies as on AWS; or other ranges, in milliseconds of one direction, for some kinds of links.
   * @default true
   */
  readonly latency?: boolean | { readonly [Kind in keyof Links]?: readonly [number, number] };
  /** Fraction of messages (replicated items, forwarded events, queue messages) that arrive twice, 0 to 1. @default 0 */
  readonly duplicates?: number;
  /**
   * Whether queue messages may overtake each other; messages over links may do so anyway, because latencies vary.
   * @default false
   */
  readonly reorders?: boolean;
  /** Whether every bus keeps the domain's events, so that they can be replayed: see `replayArchive`. @default false */
  readonly archives?: boolean;
  /** Milliseconds by which a Region's clock is ahead of the world's, by Region; the clocks can be set later too. @default 0 */
  readonly clockAhead?: Readonly<Record<string, number>>;
  /**
   * Where decisions are stored: `strong` in one table with multi-Region strong consistency, `eventual` in one table
   * per Region, replicated.
   * @default `strong` if these Regions allow it on AWS
   */
  readonly decisions?: DecisionsKind;
  /**
   * Injects faults into the ports of functions; called for every instance. `exit` ends that instance's process: its
   * invocation fails at once, whatever it is waiting for. `name` is that of the function, like `participant`.
   * @default none
   */
  readonly withFaults?: (region: string, ports: FaultyPorts, exit: () => void, name: string) => FaultyPorts;
  /** Deviations from the deployed settings, for tests. @default none */
  readonly functions?: Overrides;
  /**
   * Subscribers by name. Their files are loaded. Each runs in the Regions of its definition, with its own queue and
   * table. @default none
   */
  readonly subscribers?: Readonly<Record<string, WorldSubscriber>>;
  /**
   * The log of the functions. For a test in which they fail: `silentTelemetry`.
   * @default unexpected errors, and all errors of subscribers, are printed to standard error, each once
   */
  readonly telemetry?: Telemetry;
  /**
   * Whether every Region remembers all changes of its events, so that they can be restored to an earlier time: see
   * `restoreTable`. @default false
   */
  readonly recovery?: boolean;
  /**
   * Keeps the items of the tables, the messages to `ingest` and the quarantine. Items that it already holds are
   * restored, and their events published and projected again. @default the world starts empty, and keeps nothing
   */
  readonly storage?: Storage;
}

/**
 * N Regions in one process: the real handlers on real AWS-shaped events, with links between the Regions that can be
 * cut.
 */
export class World {
  readonly decisions: DecisionsKind;
  /** The faults that its services have by chance. */
  readonly weather: Weather;
  /** Resolves when the files of all subscribers are loaded; rejects with a SubscriberFileError when one cannot be used. */
  readonly ready: Promise<void>;
  /** Called with every call of a port by a function. */
  onPortCall?: PortListener | undefined;
  /** Called with the faults that can happen at a call of a port, when a process of a function first meets them. */
  onPossibleFaults?: FaultListener | undefined;
  readonly #activity = new Activity();
  readonly #later = new Activity();
  readonly #regions = new Map<string, WorldRegion>();
  readonly #connections: Connections;
  readonly #makeRegion: (name: string) => WorldRegion;
  /** What was configured last; a Region may still have an earlier configuration. */
  #configuration: Configuration;

  /**
   * @throws DefinitionError when a subscriber cannot be used; Error when its Regions do not allow its decisions
   */
  constructor({
    domain,
    domains = {},
    regions,
    scheduler = realScheduler(),
    seed = 1,
    latency = true,
    duplicates = 0,
    reorders = false,
    archives = false,
    clockAhead = {},
    decisions = allowStrong(regions) ? 'strong' : 'eventual',
    functions = {},
    withFaults = (_region, ports) => ports,
    subscribers = {},
    telemetry = printedErrors(),
    recovery = false,
    storage,
  }: WorldOptions) {
    this.decisions = decisions;
    if (decisions === 'strong') refuseUnlessStrong(regions);
    else refuseStrongTypes([domain, ...Object.values(domains)]);
    this.#configuration = { regions, logs: {} };
    const loaded = loadSubscribers(subscribers, {
      regions,
      streamTypes: [...domain.streams.keys()],
      strongTypes: [...strongTypes(domain)],
    });
    this.ready = Promise.all(loaded.map(({ functions }) => functions)).then(() => undefined);
    // The error reaches the caller that advances virtual time, or the one that awaits `ready`.
    this.ready.catch(() => undefined);
    if (loaded.length > 0) scheduler.hold?.(this.ready);
    const random = seeded(seed);
    this.weather = new Weather(seeded(seed + 1));
    const latencies = latency ? { ...awsLatencies, ...(latency !== true && latency) } : noLatency;
    const activity = this.#activity;
    const kept = decisions === 'strong' ? keptDecisions(storage, scheduler) : undefined;
    const common = {
      ...{ domain, scheduler, random, activity, weather: this.weather, later: this.#later },
      ...{ telemetry, duplicates, reorders, archives, functions, withFaults, subscribers: loaded, recovery, storage },
      sharedDecisions: kept?.decisions,
      sharedLog: decisions === 'strong' ? new SharedLog(scheduler, storage) : undefined,
      watch: this,
    };
    this.#connections = new Connections({ ...common, latencies });
    this.#makeRegion = (region) =>
      new WorldRegion({
        ...common,
        ...{ region, configuration: this.#configuration },
        domain: domains[region] ?? domain,
        clockAhead: clockAhead[region] ?? 0,
      });
    for (const region of regions) this.#regions.set(region, this.#makeRegion(region));
    for (const region of this.regions.values()) this.#connect(region);
    if (storage) for (const region of this.regions.values()) region.restore(kept?.restored ?? []);
  }

  get regions(): ReadonlyMap<string, WorldRegion> {
    return this.#regions;
  }

  /** Connects a Region to all others, which forward their events to it, as it does to them. */
  #connect(region: WorldRegion): void {
    for (const other of this.regions.values())
      if (other !== region) {
        this.#connections.connect(region, other);
        this.#connections.forward(region, other);
      }
  }

  /** @throws Error if there is no such Region */
  region(name: string): WorldRegion {
    const region = this.regions.get(name);
    if (!region) throw new Error(`There is no Region ${name}. Regions: ${[...this.regions.keys()].join(', ')}.`);
    return region;
  }

  /** Cuts the links from one Region to another: messages on them are held back until they are healed. */
  cut(from: string, to: string, kinds: readonly (keyof Links)[] = ['replication', 'bus', 'invoke']): void {
    for (const kind of kinds) this.region(from).linksTo(to)[kind].cut();
  }

  /**
   * Heals all links from one Region to another, unless one of them is lost.
   * @param everyMs see `Link.heal`: the messages arrive one by one
   */
  heal(from: string, to: string, everyMs?: number): void {
    if (this.region(from).isLost || this.region(to).isLost) return;
    for (const link of Object.values<Link>({ ...this.region(from).linksTo(to) })) link.heal(everyMs);
  }

  /** Heals all links. @param everyMs as for `heal` */
  healAll(everyMs?: number): void {
    for (const from of this.regions.keys())
      for (const to of this.regions.keys()) if (from !== to) this.heal(from, to, everyMs);
  }

  /**
   * Loses a Region permanently: nothing happens there any more, requests to it fail, and what it had sent and had not
   * arrived is lost. What was in progress there does not keep the world from being idle.
   */
  lose(name: string): void {
    const lost = this.region(name);
    for (const other of this.regions.keys())
      if (other !== name) {
        this.cut(name, other);
        this.cut(other, name);
      }
    lost.lose();
  }

  /**
   * Deploys the last configuration to some Regions: their instances learn the names of logs and Regions as they are
   * replaced, and from then on they forward events to every Region.
   * @param regions @default all
   */
  configure(regions: readonly string[] = this.#configuration.regions): void {
    for (const name of regions) {
      const region = this.region(name);
      region.configure(this.#configuration);
      for (const other of this.regions.values()) if (other !== region) this.#connections.forward(region, other);
    }
  }

  /**
   * Gives the log of a Region another name, which no log has had.
   * @param deployTo the Regions that learn it now; the others when they are configured. @default all
   * @throws Error if another Region's log has the name
   */
  renameLog(region: string, log: string, deployTo?: readonly string[]): void {
    this.#configuration = withLog(this.#configuration, this.region(region).name, log);
    this.configure(deployTo);
  }

  /**
   * Restores the events of a Region to an earlier time, as an operator does whose replica is lost: the Region continues with
   * another log, its processes and its snapshots are gone, and what the others have is replicated to it again. Its views
   * have to be rebuilt, and its events published again, by `operate`.
   * @param at milliseconds since 1970
   * @throws Error if the world has no `recovery`, or another Region's log has the name
   */
  restoreTable(name: string, { at, log }: { readonly at: number; readonly log: string }): void {
    const region = this.region(name);
    this.renameLog(name, log);
    region.restart();
    region.restoreEvents(at);
    this.#fill(region);
  }

  /**
   * Adds a Region. Its tables are filled from the others, and it forwards its events; the others learn of it when they are
   * configured, and forward theirs from then on.
   * @param log of a Region that was part of the world before: another name than its earlier one
   * @throws Error if there is that Region, or the decisions are strong
   */
  addRegion(name: string, log = name): WorldRegion {
    this.#refuseStrong();
    this.#configuration = withLog(withRegion(this.#configuration, name), name, log);
    const region = this.#makeRegion(name);
    this.#regions.set(name, region);
    for (const other of this.regions.values()) if (other !== region) this.#connections.connect(other, region);
    this.#connect(region);
    this.#fill(region);
    return region;
  }

  /** Sends a new replica what every other one has: none alone has what is still on its way from another. */
  #fill(region: WorldRegion): void {
    for (const other of this.regions.values()) if (other !== region && !other.isLost) other.fill(region);
  }

  /**
   * Removes a Region, which should have sent everything: nothing happens there any more, and nothing is sent to it.
   * @param deployTo the Regions that learn it now; the others when they are configured. @default all others
   * @throws Error if the decisions are strong
   */
  removeRegion(name: string, deployTo?: readonly string[]): void {
    this.#refuseStrong();
    const region = this.region(name);
    for (const other of this.regions.keys()) if (other !== name) this.cut(other, name);
    region.lose();
    this.#regions.delete(name);
    this.#connections.forget(name);
    for (const other of this.regions.values()) other.disconnect(name);
    this.#configuration = withoutRegion(this.#configuration, name);
    this.configure(deployTo);
  }

  #refuseStrong(): void {
    if (this.decisions === 'strong')
      throw new Error('The table of strong decisions spans the Regions that it was created with.');
  }

  /**
   * True if there is no activity, apart from messages held back by cut links. A message to a resolver counts only once
   * it is due, so the world may be idle although an intent waits for that message.
   */
  get idle(): boolean {
    return this.#activity.idle;
  }

  /** Resolves when there is no activity. If no link is cut, all Regions have then seen the same commits. */
  whenIdle(): Promise<void> {
    return this.#activity.whenIdle();
  }

  /** True if the world is idle and no message to a resolver is pending. */
  get recovered(): boolean {
    return this.idle && this.#later.idle;
  }

  /** Resolves when the world has recovered: no transaction is left that only a resolver would finish. */
  async whenRecovered(): Promise<void> {
    while (!this.recovered) {
      await this.#later.whenIdle();
      await this.#activity.whenIdle();
    }
  }
}

function refuseUnlessStrong(regions: readonly string[]): void {
  if (allowStrong(regions)) return;
  throw new Error(
    `${regions.join(', ')} do not allow strong decisions. On AWS these need three Regions of one set: ${STRONG_REGION_SETS.map((set) => set.join(', ')).join('; ')}.`,
  );
}

function refuseStrongTypes(domains: readonly Domain[]): void {
  const [type] = domains.flatMap((domain) => [...strongTypes(domain)]);
  if (type !== undefined)
    throw new Error(`Streams of type ${type} are strong: they need strong decisions, and Regions that allow them.`);
}

/** The table of decisions that all Regions share, and the decisions restored from the storage. */
function keptDecisions(
  storage: Storage | undefined,
  scheduler: Scheduler,
): {
  readonly decisions: MemoryDecisions;
  readonly restored: readonly Decision[];
} {
  const table = 'decisions';
  const restored = storage?.load(table).map(fromDecisionItem) ?? [];
  const decisions = memoryDecisions({
    strong: true,
    now: () => scheduler.now(),
    onPut: (change) => storage?.save(table, imagesOf(change).after),
  });
  for (const decision of restored) decisions.replicate(decision);
  return { decisions, restored };
}
