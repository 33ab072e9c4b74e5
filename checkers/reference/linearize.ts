// Whether operations on one object have the effect of some sequence that respects their times. After Wing and Gong, "Testing and
// Verifying Concurrent Objects" (1993), with the memory of Lowe, "Testing for Linearizability" (2017): a set of operations that left the
// same state before is not tried again.

/** An operation on an object whose states have the type `State`. */
export interface Step<State> {
  readonly begin: number;
  /** Infinity: there is no time by which it must have taken effect. */
  readonly end: number;
  /** False: it may never have taken effect. */
  readonly must: boolean;
  /** True: it changes nothing. Such a step is taken as soon as it is possible, which never spoils a solution. */
  readonly isRead: boolean;
  /** Steps that may be next are tried in this order, so that a good guess finds a solution at once. */
  readonly guess: number;
  /** The state after it; undefined if it is not possible in this state, with the result that it had. */
  apply(state: State): State | undefined;
}

export interface Linearized {
  readonly verdict: 'yes' | 'no' | 'undecided';
  /** The most steps that could be put in order. */
  readonly order: readonly number[];
}

/**
 * @param keyOf a text that is equal for equal states only
 * @param budget how many sets of steps, each with the state that they leave, may be looked at before it is given up
 */
export function linearize<State>(
  steps: readonly Step<State>[],
  initial: State,
  keyOf: (state: State) => string,
  budget: number,
): Linearized {
  return new Search(steps, keyOf).run(initial, budget);
}

/** A point of the search: a state, and the steps that may be next in it. */
interface Point<State> {
  readonly state: State;
  /** The number of steps before it. */
  readonly depth: number;
  readonly choices: readonly number[];
  /** Index of the first choice that was not tried. */
  next: number;
}

class Search<State> {
  readonly #steps: readonly Step<State>[];
  readonly #keyOf: (state: State) => string;
  readonly #isDone: boolean[];
  readonly #order: number[] = [];
  readonly #known = new Set<string>();
  #best: readonly number[] = [];

  constructor(steps: readonly Step<State>[], keyOf: (state: State) => string) {
    this.#steps = steps;
    this.#keyOf = keyOf;
    this.#isDone = steps.map(() => false);
  }

  run(initial: State, budget: number): Linearized {
    const points: Point<State>[] = [];
    for (let state: State | undefined = initial; ; ) {
      if (state !== undefined) {
        this.#takeReads(state);
        if (this.#isOver()) return { verdict: 'yes', order: this.#order };
        if (this.#isNew(state)) points.push({ state, depth: this.#order.length, choices: this.#choices(), next: 0 });
      }
      const point = points.at(-1);
      if (!point) return { verdict: 'no', order: this.#best };
      if (this.#known.size > budget) return { verdict: 'undecided', order: this.#best };
      state = this.#advance(point);
      if (state === undefined) points.pop();
    }
  }

  /** Takes the next choice of a point that is possible. @returns the state after it; undefined if there is none */
  #advance(point: Point<State>): State | undefined {
    for (const step of this.#order.splice(point.depth)) this.#isDone[step] = false;
    for (let choice = point.choices[point.next]; choice !== undefined; choice = point.choices[point.next]) {
      point.next++;
      const state = this.#steps[choice]?.apply(point.state);
      if (state === undefined) continue;
      this.#take(choice);
      return state;
    }
    return undefined;
  }

  #take(step: number): void {
    this.#isDone[step] = true;
    this.#order.push(step);
    if (this.#order.length > this.#best.length) this.#best = [...this.#order];
  }

  #takeReads(state: State): void {
    for (let taken = -1; taken !== this.#order.length; ) {
      taken = this.#order.length;
      const limit = this.#limit();
      for (const [i, step] of this.#steps.entries())
        if (step.isRead && !this.#isDone[i] && step.begin <= limit && step.apply(state) !== undefined) this.#take(i);
    }
  }

  #choices(): readonly number[] {
    const limit = this.#limit();
    const open = [...this.#steps.entries()].filter(
      ([i, { isRead, begin }]) => !isRead && !this.#isDone[i] && begin <= limit,
    );
    return open.sort(([, a], [, b]) => a.guess - b.guess).map(([i]) => i);
  }

  /** A step that began later cannot be next: some step ended before. */
  #limit(): number {
    let limit = Number.POSITIVE_INFINITY;
    for (const [i, { must, end }] of this.#steps.entries()) if (must && !this.#isDone[i]) limit = Math.min(limit, end);
    return limit;
  }

  #isOver(): boolean {
    return this.#steps.every(({ must }, i) => !must || this.#isDone[i]);
  }

  #isNew(state: State): boolean {
    const key = `${this.#isDone.map(Number).join('')} ${this.#keyOf(state)}`;
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }
}
