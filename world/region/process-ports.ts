import type { Runtime } from '../../core/index.ts';
import type { Process } from '../services/process.ts';
import type { WorldClock } from '../time/clock.ts';
import type { Clockwork } from '../time/clockwork.ts';
import { type FaultyPorts, withMethods } from './faults.ts';
import { isTable } from './port-failures.ts';

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
    // A process learns the time from the response of a table.
    const onResponse = (): void => {
      this.#frozenMsAtResponse = this.#process.frozenMs;
    };
    return withMethods(
      ports,
      (call, port) =>
        (...args) =>
          this.#process.call(async () => call(args), isTable(port) ? onResponse : undefined),
    );
  }
}
