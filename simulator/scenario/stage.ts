import type { DecisionsKind } from '../../core/names.ts';
import { silentTelemetry } from '../../world/error-log.ts';
import type { WorldRegion } from '../../world/region/region.ts';
import { VirtualScheduler } from '../../world/time/scheduler.ts';
import { World, type WorldOptions } from '../../world/world.ts';
import { CODES, type CodeName } from './codes.ts';
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
  /** What each Region runs now. */
  readonly #codes = new Map<string, CodeName>();
  #restarts = 0;
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
    for (const [region, code] of setting.code) this.#codes.set(region, code);
    this.#world = this.#begin(setting);
  }

  /** Deploys other code to a Region; instances of the earlier code live on for up to a minute. */
  rollOut(region: string, code: CodeName): void {
    this.region(region).deploy(CODES[code]);
    this.#codes.set(region, code);
  }

  /**
   * Ends all Regions at once, and starts them, or others, from what their tables and queues keep.
   * @param without the Region whose table of events is lost
   */
  restart(regions: readonly string[] = this.regions, without?: string): void {
    if (!this.#setting) throw new ScenarioError('There is no world yet: begin with `world`.');
    for (const region of regions) if (!this.#codes.has(region)) this.#codes.set(region, 'toy');
    if (without !== undefined) this.#disk.drop(`events/${without}`);
    this.#setting = { ...this.#setting, regions };
    // Nothing advances the time of the world that ended.
    this.#scheduler = new VirtualScheduler(this.#scheduler.now());
    this.#restarts++;
    this.sent.clear();
    this.#world = this.#begin(this.#setting);
  }

  #begin({ code: _code, subscribers, decisions, ...options }: Setting): World {
    const domains = Object.fromEntries([...this.#codes].map(([region, code]) => [region, CODES[code]]));
    const world = new World({
      ...options,
      ...(decisions && { decisions }),
      domain: CODES.toy,
      domains,
      latency: LATENCY,
      scheduler: this.#scheduler,
      // Generated ids must differ from those before.
      seed: 1 + this.#restarts,
      telemetry: silentTelemetry,
      storage: this.#disk,
      withFaults: this.faults.into(this.#scheduler),
      subscribers: Object.fromEntries([...subscribers].map(([name, { definition }]) => [name, definition])),
    });
    this.journal.listen(world);
    return world;
  }
}
