import type { DecisionsKind } from '../../core/names.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import type { WorldRegion } from '../../world/region/region.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World, type WorldOptions } from '../../world/world.ts';
import { type CodeName, DeployedCode } from './codes.ts';
import { Faults } from './faults.ts';
import { Journal } from './journal.ts';
import { ScenarioError } from './problem.ts';
import { Disk } from './storage.ts';
import type { NoteSubscriber } from './subscribers.ts';
import { Versions } from './versions.ts';

/** Links of one latency each, so that outputs are easy to follow: milliseconds of one direction. */
const LATENCY = { replication: [1000, 1000], bus: [200, 200], invoke: [30, 30] } as const;

/** What a scenario says about its world. */
export interface Setting
  extends Pick<WorldOptions, 'regions' | 'duplicates' | 'reorders' | 'clockAhead' | 'functions'> {
  /** @default `strong` if the Regions allow it */
  readonly decisions: DecisionsKind | undefined;
  /** What each Region runs. */
  readonly code: ReadonlyMap<string, CodeName>;
  readonly subscribers: ReadonlyMap<string, NoteSubscriber>;
}

/** A request that was sent and is not waited for. */
interface Sent {
  /** What its response is shown as. */
  readonly lines: Promise<readonly string[]>;
}

/** What the commands of a scenario act on: one world, and what its names mean. */
export class Stage {
  readonly versions = new Versions();
  readonly faults = new Faults();
  readonly journal = new Journal();
  readonly sent = new Map<string, Sent>();
  /** The number of each key that a subscriber was called with, in the order of their first calls. */
  readonly keys = new Map<string, number>();
  /** What each Region had written at the last look. */
  readonly writes = new Map<string, Readonly<Record<string, number>>>();
  readonly #disk = new Disk();
  readonly #codes = new Map<string, DeployedCode>();
  #scheduler = new VirtualScheduler();
  #setting: Setting | undefined;
  #world: World | undefined;

  get scheduler(): VirtualScheduler {
    return this.#scheduler;
  }

  /** @throws ScenarioError when there is none yet */
  get world(): World {
    if (!this.#world) throw new ScenarioError('There is no world yet: begin with `world`.');
    return this.#world;
  }

  region(name: string): WorldRegion {
    const found = this.world.regions.get(name);
    if (!found) throw new ScenarioError(`There is no Region ${name}. Regions: ${this.regions.join(', ')}.`);
    return found;
  }

  get regions(): readonly string[] {
    return [...this.world.regions.keys()];
  }

  /** @throws ScenarioError when there is none with this name */
  subscriber(name: string): NoteSubscriber {
    const found = this.#setting?.subscribers.get(name);
    if (!found) throw new ScenarioError(`There is no subscriber ${name}: name it in \`world subscribers=\`.`);
    return found;
  }

  /** Opens the world. @throws ScenarioError when there is one; what `new World` throws */
  open(setting: Setting): void {
    if (this.#world) throw new ScenarioError('There is a world already.');
    this.#setting = setting;
    for (const [region, code] of setting.code) this.#codes.set(region, new DeployedCode(code));
    this.#world = this.#begin(setting);
  }

  /** Replaces what a Region runs, while it runs. */
  deploy(region: string, code: CodeName): void {
    this.region(region);
    this.#codes.get(region)?.deploy(code);
  }

  /** Ends all processes of all Regions at once. What is in tables and queues that are kept is there afterwards. */
  restart(regions: readonly string[] = this.regions): void {
    if (!this.#setting) throw new ScenarioError('There is no world yet: begin with `world`.');
    for (const region of regions) if (!this.#codes.has(region)) this.#codes.set(region, new DeployedCode('toy'));
    this.#setting = { ...this.#setting, regions };
    // Nothing advances the time of the world that ended.
    this.#scheduler = new VirtualScheduler(this.#scheduler.now());
    this.sent.clear();
    this.#world = this.#begin(this.#setting);
  }

  #begin({ code: _code, subscribers, decisions, ...options }: Setting): World {
    const domains = Object.fromEntries([...this.#codes].map(([region, { domain }]) => [region, domain]));
    const [domain] = Object.values(domains);
    if (!domain) throw new ScenarioError('A world needs Regions.');
    const world = new World({
      ...options,
      ...(decisions && { decisions }),
      domain,
      domains,
      latency: LATENCY,
      scheduler: this.#scheduler,
      seed: 1,
      telemetry: silentTelemetry,
      storage: this.#disk,
      withFaults: this.faults.into(this.#scheduler),
      subscribers: Object.fromEntries([...subscribers].map(([name, { definition }]) => [name, definition])),
    });
    this.journal.listen(world);
    return world;
  }
}
