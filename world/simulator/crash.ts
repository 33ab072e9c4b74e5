import { type Around, type FaultyPorts, portsAround } from '../region/faults.ts';

/** Where a process dies: at which call of a transaction, and before or after it takes effect. */
export interface CrashPoint {
  /** Number of the call, from 1. */
  readonly call: number;
  /** `before`: before the call takes effect; `after`: after that, but before its result arrives. */
  readonly when: 'before' | 'after';
  /** The process of the function that made the call, every execution of the state machines, or both. */
  readonly dies: 'function' | 'machines' | 'function and machines';
}

/** Returns a new promise each time: a shared one would keep everything that ever waited for it in memory. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/**
 * Counts the calls of functions to their ports, and kills processes at some of them: the call never returns, no
 * `catch` or `finally` runs, and nothing that the process does afterwards has an effect.
 */
export class Crasher {
  /** The calls in order: `us-east-1 events.put`. */
  readonly calls: string[] = [];
  readonly #points: readonly CrashPoint[];
  readonly #killMachines: () => void;
  #armed = false;

  constructor(points: readonly CrashPoint[], killMachines: () => void) {
    this.#points = points;
    this.#killMachines = killMachines;
  }

  /** Starts counting calls. */
  arm(): void {
    this.#armed = true;
  }

  /** The ports of one instance of a function, that is, of one process. */
  readonly withFaults = (region: string, ports: FaultyPorts, exit: () => void): FaultyPorts => {
    let dead = false;
    const around: Around = async (call, name, args) => {
      if (dead) return never();
      const number = this.#armed ? this.calls.push(`${region} ${name}`) : 0;
      const point = this.#points.find((one) => one.call === number);
      const crash = (when: CrashPoint['when']): void => {
        if (point?.when !== when) return;
        if (point.dies !== 'function') this.#killMachines();
        if (point.dies === 'machines') return;
        dead = true;
        exit();
      };
      crash('before');
      if (dead) return never();
      const settled = await Promise.allSettled([call(args)]);
      crash('after');
      // The process may also have been killed at another of its calls in the meantime.
      if (dead) return never();
      const [answer] = settled;
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    };
    return portsAround(ports, around);
  };
}
