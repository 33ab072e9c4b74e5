import { type Around, type FaultyPorts, never, portsAround } from '../region/faults.ts';

/** Where a process dies: at which call of a transaction, and before or after it takes effect. */
export interface CrashPoint {
  /** Number of the call, from 1. */
  readonly call: number;
  /** `before`: before the call takes effect; `after`: after that, but before its result arrives. A read has no effect. */
  readonly when: 'before' | 'after';
  /** The process of the function that made the call, every execution of the state machines, or both. */
  readonly dies: 'function' | 'machines' | 'function and machines';
}

/** A call that only reads. */
const READ = /\.(at|attempts|entries|find|findDecision|generations|load|loadLog)$/;
/** A read that a process repeats with the same arguments while it waits. */
const POLL = / (events|decisions)\.(at|attempts|find|loadLog)$/;

/** A point in a history, without the process that dies there. */
export type Moment = Pick<CrashPoint, 'call' | 'when'>;

/**
 * Counts the calls of functions to their ports, and kills processes at some of them: the call never returns, no
 * `catch` or `finally` runs, and nothing that the process does afterwards has an effect.
 */
export class Crasher {
  /** The calls in order: `us-east-1 participant events.put`. */
  readonly calls: string[] = [];
  readonly #points: readonly CrashPoint[];
  readonly #killMachines: () => void;
  /** The numbers of equal polls of one process: the first, the second and the last. */
  readonly #polls = new Map<string, number[]>();
  #processes = 0;
  #armed = false;

  constructor(points: readonly CrashPoint[], killMachines: () => void) {
    this.#points = points;
    this.#killMachines = killMachines;
  }

  /** Starts counting calls. */
  arm(): void {
    this.#armed = true;
  }

  /**
   * The points at which a crash may make a difference: before and after every call that has an effect, and at every read. Of the
   * polls that one process makes with the same arguments, only the first, the second and the last are among them: at the others
   * the state is the same.
   */
  get moments(): readonly Moment[] {
    const chosen = new Set([...this.#polls.values()].flat());
    return this.calls.flatMap((name, i): readonly Moment[] => {
      const call = i + 1;
      const before = { call, when: 'before' } as const;
      if (POLL.test(name) && !chosen.has(call)) return [];
      return READ.test(name) ? [before] : [before, { call, when: 'after' }];
    });
  }

  /** The ports of one instance of a function, that is, of one process. */
  readonly withFaults = (region: string, ports: FaultyPorts, exit: () => void, of: string): FaultyPorts => {
    const process = ++this.#processes;
    let dead = false;
    const around: Around = async (call, name, args) => {
      if (dead) return never();
      const number = this.#armed ? this.#count(`${region} ${of} ${name}`, process, args) : 0;
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

  /** @returns the number of the call */
  #count(name: string, process: number, args: readonly unknown[]): number {
    const number = this.calls.push(name);
    if (POLL.test(name)) {
      const poll = `${process} ${name} ${JSON.stringify(args)}`;
      this.#polls.set(poll, [...(this.#polls.get(poll) ?? []).slice(0, 2), number]);
    }
    return number;
  }
}
