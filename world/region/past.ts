import type { Scheduler } from '../time/scheduler.ts';

/** How far behind an eventually consistent read may be, in milliseconds. */
export const BEHIND_MS = 2_000;

/** The shortest time between two states that are kept. */
const APART_MS = 200;

/** Recent states of a table, for reads that are behind. */
export class Past<T> {
  readonly #scheduler: Pick<Scheduler, 'now'>;
  #states: readonly { readonly until: number; readonly state: T }[] = [];

  constructor(scheduler: Pick<Scheduler, 'now'>) {
    this.#scheduler = scheduler;
  }

  /** Keeps the state before a write. */
  beforeWrite(copy: () => T): void {
    const until = this.#scheduler.now();
    const last = this.#states.at(-1);
    if (last && until - last.until < APART_MS) return;
    this.#states = [...this.#recent(), { until, state: copy() }];
  }

  /** The states that the table had before its recent writes, oldest first. */
  get states(): readonly T[] {
    return this.#recent().map(({ state }) => state);
  }

  #recent() {
    const oldest = this.#scheduler.now() - BEHIND_MS;
    return this.#states.filter(({ until }) => until >= oldest);
  }
}
