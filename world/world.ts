import { memoryDecisions } from '../adapters/memory/decisions.ts';
import { type Domain, forwardPattern } from '../core/index.ts';
import { allowStrong } from '../core/limits/aws.ts';
import type { DecisionsKind } from '../core/names.ts';
import type { Telemetry } from '../lambdas/instrument.ts';
import { Link, type LinkOptions } from './network/link.ts';
import type { Overrides } from './region/deployment.ts';
import type { FaultyPorts } from './region/faults.ts';
import type { Links } from './region/links.ts';
import { WorldRegion } from './region/region.ts';
import { loadSubscribers, type WorldSubscriber } from './subscribers.ts';
import { Activity } from './time/activity.ts';
import { seeded } from './time/randomness.ts';
import { realScheduler, type Scheduler } from './time/scheduler.ts';

type Latency = LinkOptions['latency'];

/** Milliseconds, near what AWS shows: table replication, a rule's way to another bus, one way of an Invoke. */
const awsLatencies = { replication: [500, 1500], bus: [100, 300], invoke: [20, 50] } as const satisfies Record<
  keyof Links,
  Latency
>;
const noLatency = { replication: [0, 0], bus: [0, 0], invoke: [0, 0] } as const satisfies typeof awsLatencies | object;

export interface WorldOptions {
  readonly domain: Domain;
  /** The domain of Regions where other code runs, as while Regions are deployed one after the other. @default none */
  readonly domains?: Readonly<Record<string, Domain>>;
  /** Two Regions or more. */
  readonly regions: readonly string[];
  /** @default the machine's own time */
  readonly scheduler?: Scheduler;
  /** Of all randomness in the world: the same seed on a virtual scheduler is the same run. @default 1 */
  readonly seed?: number;
  /** Whether links take as long as they do on AWS. @default true */
  readonly latency?: boolean;
  /** Share of messages (replicated items, forwarded events, queue messages) that arrive twice, 0 to 1. @default 0 */
  readonly duplicates?: number;
  /** Whether queue messages overtake each other; what goes over links does so anyway, by its latency. @default false */
  readonly reorders?: boolean;
  /** Milliseconds by which a Region's clock is ahead of the world's, by Region. @default none is */
  readonly clockAhead?: Readonly<Record<string, number>>;
  /**
   * Where decisions are: `strong` on one table with multi-Region strong consistency, `eventual` on one for every Region,
   * replicated. @default `strong` where these Regions allow it on AWS
   */
  readonly decisions?: DecisionsKind;
  /**
   * Puts faults between the functions and what they use; called for every instance of a function. `exit` ends that
   * instance's process: its invocation fails at once, whatever it waits for. @default none
   */
  readonly withFaults?: (region: string, ports: FaultyPorts, exit: () => void) => FaultyPorts;
  /** What a test sets otherwise than deployed. @default nothing */
  readonly functions?: Overrides;
  /**
   * Subscribers, by their names: their files are loaded, and run in the Regions that they name, each with a queue and a table of its own.
   * @default there are none
   */
  readonly subscribers?: Readonly<Record<string, WorldSubscriber>>;
  /** @default what goes wrong inside is written nowhere */
  readonly telemetry?: Telemetry;
}

const silent: Telemetry = { log: { warn: () => undefined, error: () => undefined }, middlewares: [] };

/** N Regions in one process: the real handlers on real AWS-shaped events, and links between the Regions that can be cut. */
export class World {
  readonly regions: ReadonlyMap<string, WorldRegion>;
  readonly decisions: DecisionsKind;
  /** Resolves when the files of all subscribers are loaded; rejects with a SubscriberFileError when one cannot be used. */
  readonly ready: Promise<void>;
  readonly #activity = new Activity();
  readonly #later = new Activity();

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
    clockAhead = {},
    decisions = allowStrong(regions) ? 'strong' : 'eventual',
    functions = {},
    withFaults = (_region, ports) => ports,
    subscribers = {},
    telemetry = silent,
  }: WorldOptions) {
    if (decisions === 'strong' && !allowStrong(regions))
      throw new Error(
        `${regions.join(', ')} do not allow strong decisions: on AWS they take three Regions of one set.`,
      );
    this.decisions = decisions;
    const loaded = loadSubscribers(subscribers, { regions, streamTypes: [...domain.streams.keys()] });
    this.ready = Promise.all(loaded.map(({ functions }) => functions)).then(() => undefined);
    // Whoever lets virtual time pass gets the error; without that, whoever waits for it.
    this.ready.catch(() => undefined);
    if (loaded.length > 0) scheduler.hold?.(this.ready);
    const random = seeded(seed);
    const latencies = latency ? awsLatencies : noLatency;
    const activity = this.#activity;
    const common = {
      regions,
      domain,
      scheduler,
      random,
      activity,
      later: this.#later,
      sharedDecisions: decisions === 'strong' ? memoryDecisions({ strong: true }) : undefined,
      telemetry,
      duplicates,
      reorders,
      functions,
      withFaults,
      subscribers: loaded,
    };
    this.regions = new Map(
      regions.map((region) => [
        region,
        new WorldRegion({
          ...common,
          domain: domains[region] ?? domain,
          region,
          clockAhead: clockAhead[region] ?? 0,
        }),
      ]),
    );
    const link = (of: keyof Links) =>
      new Link(scheduler, random, activity, { latency: latencies[of], duplicates: of === 'invoke' ? 0 : duplicates });
    for (const from of this.regions.values())
      for (const to of this.regions.values()) {
        if (from === to) continue;
        const links = { replication: link('replication'), bus: link('bus'), invoke: link('invoke') };
        from.connect(to, links);
        from.bus.addRule(forwardPattern(from.name), { kind: 'bus', link: links.bus, bus: to.bus });
      }
  }

  /** @throws Error when there is no such Region */
  region(name: string): WorldRegion {
    const region = this.regions.get(name);
    if (!region) throw new Error(`There is no Region ${name}, there are ${[...this.regions.keys()].join(', ')}.`);
    return region;
  }

  /** Cuts the way from a Region to another: what is under way or sent is held back until it is healed. */
  cut(from: string, to: string, kinds: readonly (keyof Links)[] = ['replication', 'bus', 'invoke']): void {
    for (const kind of kinds) this.region(from).linksTo(to)[kind].cut();
  }

  heal(from: string, to: string): void {
    for (const link of Object.values<Link>({ ...this.region(from).linksTo(to) })) link.heal();
  }

  healAll(): void {
    for (const from of this.regions.keys()) for (const to of this.regions.keys()) if (from !== to) this.heal(from, to);
  }

  /**
   * Whether nothing is under way, apart from what cut links hold back. A message to a resolver counts as soon as it
   * is due: before that the world may be idle, although an intent waits for it.
   */
  get idle(): boolean {
    return this.#activity.idle;
  }

  /** Resolves when nothing is under way: with every link whole, all Regions have seen the same. */
  whenIdle(): Promise<void> {
    return this.#activity.whenIdle();
  }

  /** Whether it is idle, and no message to a resolver waits to be due either. */
  get recovered(): boolean {
    return this.idle && this.#later.idle;
  }

  /** Resolves when it has recovered: no transaction is left that only a resolver would finish. */
  async whenRecovered(): Promise<void> {
    while (!this.recovered) {
      await this.#later.whenIdle();
      await this.#activity.whenIdle();
    }
  }
}
