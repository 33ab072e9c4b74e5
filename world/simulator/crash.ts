import { type Around, type FaultyPorts, portsAround } from '../region/faults.ts';

/** Where a process dies: at which of the calls that a transaction makes, and on which side of it. */
export interface CrashPoint {
  /** 1 is the first call. */
  readonly call: number;
  /** `before` the call takes effect, or `after` it did and before its answer is heard. */
  readonly when: 'before' | 'after';
  /** The process of the function that made the call, every execution of the state machines, or both. */
  readonly dies: 'function' | 'machines' | 'function and machines';
}

/** A promise of its own each time: one for all would hold on to everything that ever waited for it. */
function never(): Promise<never> {
  return new Promise(() => undefined);
}

/**
 * Counts the calls that functions make of their ports, and lets processes die at some of them: the call never returns, no
 * `catch` and no `finally` runs, and nothing that the process still does has an effect.
 */
export class Crasher {
  /** What was called, in order: `us-east-1 events.put`. */
  readonly calls: string[] = [];
  readonly #points: readonly CrashPoint[];
  readonly #killMachines: () => void;
  #armed = false;

  constructor(points: readonly CrashPoint[], killMachines: () => void) {
    this.#points = points;
    this.#killMachines = killMachines;
  }

  /** Calls count from now on. */
  arm(): void {
    this.#armed = true;
  }

  /** The ports of one instance of a function: of one process. */
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
      // Also when it was another call of the process that ended it.
      if (dead) return never();
      const [answer] = settled;
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    };
    return portsAround(ports, around);
  };
}
