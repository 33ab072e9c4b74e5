import type { Runtime } from '../../core/index.ts';
import type { Process } from '../services/process.ts';
import type { WorldClock } from '../time/clock.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type FaultyPorts, withMembers } from './faults.ts';

/** The ports of DynamoDB, whose responses tell a process its time. */
const TABLES: readonly string[] = ['events', 'decisions', 'snapshots', 'views', 'sightings', 'progress'];

export interface ProcessOptions extends Pick<Clockwork, 'scheduler' | 'weather'> {
  readonly region: string;
  readonly clock: WorldClock;
  /** The Region's runtime. */
  readonly runtime: Runtime;
}

/** What one process of a function has: it calls its ports, and wakes up, only while an invocation runs. */
export class ProcessPorts {
  readonly runtime: Runtime;
  readonly #process: Process;
  /** How long the process had been frozen when DynamoDB last responded; undefined before the first response. */
  #frozenMsAtResponse: number | undefined;

  constructor(process: Process, { region, scheduler, weather, clock, runtime }: ProcessOptions) {
    this.#process = process;
    const stops = weather.happens('clock.stops', region);
    this.runtime = {
      ...runtime,
      elapsed: () => runtime.elapsed() - (stops ? process.frozenMs : 0),
      sleep: (milliseconds) =>
        new Promise((resolve) => {
          scheduler.after(milliseconds, () => process.run(resolve));
        }),
      // The time of the last response is continued by the monotonic clock.
      clockAhead: () => {
        if (this.#frozenMsAtResponse === undefined) return 0;
        return clock.ahead + (stops ? process.frozenMs - this.#frozenMsAtResponse : 0);
      },
    };
  }

  /** The same ports, for this process. */
  of(ports: FaultyPorts): FaultyPorts {
    return withMembers(ports, (port, name) =>
      port instanceof Object ? this.#calls(port, TABLES.includes(name)) : port,
    );
  }

  #calls<T extends object>(port: T, isTable: boolean): T {
    const onAnswer = () => {
      if (isTable) this.#frozenMsAtResponse = this.#process.frozenMs;
    };
    return withMembers(port, (method) =>
      typeof method === 'function'
        ? (...args: readonly unknown[]) => this.#process.call(async () => Reflect.apply(method, port, args), onAnswer)
        : method,
    );
  }
}
