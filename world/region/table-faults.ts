import { backoff, type Decision, type InTheWay, type TransactionsTable } from '../../core/index.ts';
import { CONFLICT_TRIES } from '../../core/limits/budgets.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { sleepOn } from '../time/scheduler.ts';
import type { Fault } from '../weather.ts';
import type { FaultyPorts } from './faults.ts';
import { outcomeKey } from './partitions.ts';
import { BEHIND_MS } from './past.ts';
import { failureOf, type PortCall } from './port-failures.ts';
import type { RegionTables } from './tables.ts';
import { tornReads } from './torn-reads.ts';

/** Milliseconds between the pages of a torn read. */
const PAGES_MS = [1, 1_000] as const;

/** Methods that behave differently when a fault happens. */
type Instead = { readonly [Port in keyof FaultyPorts]?: Partial<FaultyPorts[Port]> };

export interface TableFaultsOptions extends Pick<Clockwork, 'scheduler' | 'weather'> {
  readonly region: string;
  /** The name of the function. */
  readonly of: string;
  readonly tables: RegionTables;
}

/** What the tables of a Region do by chance, apart from failing. */
export class TableFaults {
  readonly #options: TableFaultsOptions;
  readonly #ports: FaultyPorts;
  readonly #instead: readonly (readonly [Fault, Instead])[];

  constructor(ports: FaultyPorts, options: TableFaultsOptions) {
    this.#options = options;
    this.#ports = ports;
    const { scheduler, weather } = options;
    const tear = {
      pause: () => sleepOn(scheduler, weather.between(...PAGES_MS)),
      early: (count: number) => weather.between(0, count),
    };
    const isStrong = ports.decisions.strong;
    this.#instead = [
      ['table.torn', { events: tornReads(ports.events, tear) }],
      ['table.stale', { ...this.#staleViews(), ...(!isStrong && { decisions: this.#staleDecisions() }) }],
      ['table.conflict', this.#conflicts()],
      ...(isStrong
        ? ([
            ['decisions.stale', { decisions: this.#staleDecisions() }],
            ['decisions.write-conflict', { decisions: this.#writeConflicts() }],
          ] as const)
        : []),
    ];
  }

  /** Draws whether a fault happens at this call, by asking `happens`; if so, the method that runs instead. */
  draw(
    { port, method, args }: PortCall,
    happens: (fault: Fault) => boolean,
  ): { readonly fault: Fault; readonly run: () => unknown } | undefined {
    for (const [fault, ports] of this.#instead) {
      const of: unknown = Reflect.get(ports, port);
      const run: unknown = of instanceof Object && Reflect.get(of, method);
      if (typeof run !== 'function' || (port === 'decisions' && method !== 'put' && !isLocalRead(args))) continue;
      if (happens(fault)) return { fault, run: () => Reflect.apply(run, undefined, args) };
    }
    return undefined;
  }

  /** Reads that are eventually consistent: they show the table as it was up to two seconds ago. */
  #staleViews(): Instead {
    const { weather, tables } = this.#options;
    const { views, sightings } = this.#ports;
    const one = <T>(states: readonly T[]): T | undefined => states[weather.between(0, states.length - 1)];
    const viewsThen = () => one(tables.pastViews.states) ?? views;
    return {
      views: {
        rows: (...query) => viewsThen().rows(...query),
        totals: (...query) => viewsThen().totals(...query),
        total: (...query) => viewsThen().total(...query),
      },
      sightings: { all: async () => one(tables.pastSightings.states) ?? sightings.all() },
    };
  }

  #staleDecisions(): Partial<TransactionsTable> {
    const { scheduler, weather, tables } = this.#options;
    const { decisions } = this.#ports;
    const shownAt = (then: number) => (decision: Decision) =>
      (tables.decidedSince(decision) ?? Number.NEGATIVE_INFINITY) <= then;
    const then = (): number => scheduler.now() - weather.between(1, BEHIND_MS);
    return {
      find: async (...query) => {
        const isShown = shownAt(then());
        const found = await decisions.find(...query);
        return found && isShown(found) ? found : undefined;
      },
      attempts: async (...query) => {
        const isShown = shownAt(then());
        return (await decisions.attempts(...query)).filter(isShown);
      },
    };
  }

  /** Nothing is written while another request writes. */
  #conflicts(): Instead {
    const { events } = this.#ports;
    const retried = <Args extends readonly unknown[], T>(method: string, write: (...args: Args) => Promise<T>) =>
      this.#afterConflicts({ port: 'events', method, fault: 'table.conflict' }, write);
    return {
      events: {
        put: retried('put', (commit) => events.put(commit)),
        finalise: retried('finalise', (intent, state) => events.finalise(intent, state)),
        mark: retried('mark', (intent, next) => events.mark(intent, next)),
        putDecision: retried('putDecision', (decision) => events.putDecision(decision)),
        transact: async ({ commits, free, decision }): Promise<InTheWay> => {
          const streams = [...commits, ...free].map(({ stream }) => stream);
          const all = [...streams, outcomeKey(decision)];
          const at = this.#options.weather.between(0, all.length - 1);
          return { taken: [], contended: all.slice(at, at + 1) };
        },
      },
      views: { apply: async () => false },
      progress: { advance: async () => false },
    };
  }

  #writeConflicts(): Partial<TransactionsTable> {
    const { decisions } = this.#ports;
    return {
      put: this.#afterConflicts({ port: 'decisions', method: 'put', fault: 'decisions.write-conflict' }, (decision) =>
        decisions.put(decision),
      ),
    };
  }

  /** Retries a write of one item as the adapter does, while chance has another one in progress. */
  #afterConflicts<Args extends readonly unknown[], T>(
    { fault, ...call }: { readonly port: string; readonly method: string; readonly fault: Fault },
    write: (...args: Args) => Promise<T>,
  ): (...args: Args) => Promise<T> {
    const { scheduler, weather, region, of } = this.#options;
    const name = fault === 'table.conflict' ? 'TransactionConflictException' : 'ReplicatedWriteConflictException';
    const random = (): number => weather.between(0, 999) / 1_000;
    return async (...args) => {
      for (let tries = 1; tries < CONFLICT_TRIES; tries++) {
        await sleepOn(scheduler, backoff({ random }, tries));
        if (!weather.happensAt(fault, region, `${of} ${call.port}.${call.method}`)) return write(...args);
      }
      throw failureOf(call, name);
    };
  }
}

/** True for a read of decisions that does not ask for those of other Regions. */
function isLocalRead(args: readonly unknown[]): boolean {
  const options = args.at(-1);
  return options === 'local' || (options instanceof Object && 'read' in options && options.read === 'local');
}
