import type { Activity } from '../time/activity.ts';
import { sleepOn } from '../time/scheduler.ts';
import type { Fault } from '../weather.ts';
import { type FaultyPorts, never, withMethods } from './faults.ts';
import { partitionsOf } from './partitions.ts';
import { failureOf, isTable, type PortCall, timeLimitOf } from './port-failures.ts';
import { TableFaults, type TableFaultsOptions } from './table-faults.ts';
import type { Throttles } from './throttles.ts';

/** Milliseconds by which a slow call is late, after which a failing one is known to fail, and of other faults. */
const SLOW_MS = [0, 2_000] as const;
const REFUSED_MS = [1, 1_000] as const;
const STALLED_MS = [1_000, 20_000] as const;
const LATE_EFFECT_MS = [0, 60_000] as const;
const ANSWER_LOST_MS = [1, 5_000] as const;
const OUTAGE_MS = [10_000, 120_000] as const;

/** The outcome of a call: what its port did, or the fault that happened. */
export type Outcome = 'ok' | 'failed' | Fault;

/** Called with every call of a port: the Region, the function, the method like `events.put`, and the outcome. */
export type PortListener = (region: string, of: string, method: string, outcome: Outcome) => void;

/** Called with the faults that can happen at a call of a port, when a process first meets them. */
export type FaultListener = (region: string, of: string, method: string, faults: readonly Fault[]) => void;

/** Gets reports of the calls of ports. */
export interface PortWatch {
  readonly onPortCall?: PortListener | undefined;
  readonly onPossibleFaults?: FaultListener | undefined;
}

export interface WeatherPortsOptions extends TableFaultsOptions {
  readonly activity: Activity;
  readonly throttles: Throttles;
  /** Ends the process. */
  readonly exit: () => void;
  readonly watch: PortWatch;
}

/** The ports of one process, with the faults that happen by chance. Without any, a call is passed on as it is. */
export function weatherPorts(ports: FaultyPorts, options: WeatherPortsOptions): FaultyPorts {
  const process = new WeatheredProcess(new TableFaults(ports, options), options);
  return withMethods(ports, (call, port, method) => {
    const name = `${port}.${method}`;
    const names = { port, method, name, call: `${options.of} ${name}` };
    return (...args) => process.call({ ...names, args }, () => call(args));
  });
}

interface NamedCall extends PortCall {
  /** Like `events.put`. */
  readonly name: string;
  /** Like `api events.put`. */
  readonly call: string;
}

/** The faults of a port that no table has of its own, in the order in which they are drawn. */
const ANY_PORT = ['port.refused', 'port.answer-lost', 'port.late-effect', 'port.slow'] as const;

interface Happening {
  readonly fault: Fault;
  /** What runs instead of the call; undefined: see `#suffer`. */
  readonly run?: () => unknown;
}

/** The calls of one process. */
class WeatheredProcess {
  readonly #options: WeatherPortsOptions;
  readonly #tables: TableFaults;
  /** The possible faults that were reported, by method: they also depend on the arguments. */
  readonly #reported = new Map<string, ReadonlySet<Fault>>();
  #isDead = false;
  /** Until when the process is frozen, by the world's time. */
  #frozenUntil = Number.NEGATIVE_INFINITY;

  constructor(tables: TableFaults, options: WeatherPortsOptions) {
    this.#options = options;
    this.#tables = tables;
  }

  call(made: NamedCall, run: () => unknown): unknown {
    const { weather, watch, tables } = this.#options;
    if (this.#isDead) return never();
    if (this.#isFrozen) return this.#thawed().then(() => this.call(made, run));
    if (!weather.isCalm || tables.outage.left > 0) return this.#inWeather(made, async () => run());
    const answer = run();
    if (watch.onPortCall && answer instanceof Promise) this.#report(made, answer);
    return answer;
  }

  async #inWeather(made: NamedCall, run: () => Promise<unknown>): Promise<unknown> {
    const happening = this.#draw(made);
    if (happening) this.#tell(made, happening.fault);
    const answer = happening ? this.#suffer(happening, made, run) : run();
    const [settled] = await Promise.allSettled([answer]);
    await this.#thawed();
    // Another call of the process may have ended it in the meantime.
    if (this.#isDead) return never();
    if (!happening) this.#tell(made, settled.status === 'fulfilled' ? 'ok' : 'failed');
    if (settled.status === 'rejected') throw settled.reason;
    return settled.value;
  }

  /** Draws what happens at a call. If nothing does, chance was asked for everything that could. */
  #draw(made: NamedCall): Happening | undefined {
    const { weather, region } = this.#options;
    const asked: Fault[] = [];
    const happening = this.#drawFrom(made, (fault) => {
      asked.push(fault);
      return weather.happensAt(fault, region, made.call);
    });
    if (!happening) this.#tellPossible(made, asked);
    return happening;
  }

  #drawFrom(made: PortCall, happens: (fault: Fault) => boolean): Happening | undefined {
    const { tables, throttles } = this.#options;
    if (happens('process.dies')) return { fault: 'process.dies' };
    if (happens('process.stalls')) return { fault: 'process.stalls' };
    if (isTable(made.port)) {
      if (tables.outage.left > 0 || happens('table.unresolved')) return { fault: 'table.unresolved' };
      const partitions = partitionsOf(made);
      if (throttles.has(partitions) || (partitions.length > 0 && happens('table.throttled')))
        return { fault: 'table.throttled' };
      const other = this.#tables.draw(made, happens);
      if (other) return other;
    }
    const fault = ANY_PORT.find(happens);
    return fault && { fault };
  }

  /** Makes a call at which a fault happens. */
  async #suffer({ fault, run }: Happening, made: PortCall, call: () => Promise<unknown>): Promise<unknown> {
    if (run) return run();
    const { weather, tables, throttles } = this.#options;
    switch (fault) {
      case 'process.dies':
        if (weather.between(0, 1) === 1) await Promise.allSettled([call()]);
        return this.#die();
      case 'process.stalls':
        this.#frozenUntil = this.#options.scheduler.now() + weather.between(...STALLED_MS);
        await this.#thawed();
        return call();
      case 'table.unresolved':
        if (tables.outage.left === 0) tables.outage.begin(weather.between(...OUTAGE_MS));
        return this.#fail(made, 'EndpointError', REFUSED_MS);
      case 'table.throttled':
        throttles.add(partitionsOf(made));
        return this.#fail(made, 'ThrottlingException', REFUSED_MS);
      case 'port.refused':
        return this.#fail(made, 'TimeoutError', REFUSED_MS);
      case 'port.answer-lost':
        await Promise.allSettled([call()]);
        return this.#fail(made, 'TimeoutError', ANSWER_LOST_MS);
      case 'port.late-effect':
        return this.#giveUp(made, call);
      default:
        await sleepOn(this.#options.scheduler, weather.between(...SLOW_MS));
        return call();
    }
  }

  async #fail(made: PortCall, name: string, after: readonly [number, number]): Promise<never> {
    const { scheduler, weather, of } = this.#options;
    await sleepOn(scheduler, Math.min(weather.between(...after), timeLimitOf(of, made)));
    throw failureOf(made, name);
  }

  /** Fails after the time limit of the call; the call takes effect some time after that. */
  async #giveUp(made: PortCall, call: () => Promise<unknown>): Promise<never> {
    const { scheduler, weather, activity, of } = this.#options;
    const limit = timeLimitOf(of, made);
    activity.begin();
    scheduler.after(limit + weather.between(...LATE_EFFECT_MS), async () => {
      await Promise.allSettled([call()]);
      activity.end();
    });
    await sleepOn(scheduler, limit);
    throw failureOf(made, 'TimeoutError');
  }

  #die(): Promise<never> {
    this.#isDead = true;
    this.#options.exit();
    return never();
  }

  get #isFrozen(): boolean {
    return this.#frozenUntil > this.#options.scheduler.now();
  }

  async #thawed(): Promise<void> {
    const { scheduler } = this.#options;
    while (this.#isFrozen) await sleepOn(scheduler, this.#frozenUntil - scheduler.now());
  }

  #report(made: NamedCall, answer: Promise<unknown>): void {
    answer.then(
      () => this.#tell(made, 'ok'),
      () => this.#tell(made, 'failed'),
    );
  }

  #tellPossible({ name }: NamedCall, faults: readonly Fault[]): void {
    const { region, of, watch } = this.#options;
    const reported = this.#reported.get(name);
    if (!watch.onPossibleFaults || (reported && faults.every((fault) => reported.has(fault)))) return;
    this.#reported.set(name, new Set([...(reported ?? []), ...faults]));
    watch.onPossibleFaults(region, of, name, faults);
  }

  #tell({ name }: NamedCall, outcome: Outcome): void {
    const { region, of, watch } = this.#options;
    watch.onPortCall?.(region, of, name, outcome);
  }
}
