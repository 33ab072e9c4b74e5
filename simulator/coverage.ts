import type { World } from '../world/world.ts';
import { ACTIONS, ALL_CALLS } from './calls.ts';

/** Which function called which port, what came of it, and what could have. */
export interface Covered {
  /** Like `turn events.mark ok`, or `turn events.mark process.dies`. */
  readonly seen: readonly string[];
  /** Faults that chance was asked for at a call. */
  readonly possible: readonly string[];
}

/** Writes down the outcomes of all calls of ports in a world. */
export function coverageOf(world: World): () => Covered {
  const [seen, possible] = [new Outcomes(), new Outcomes()];
  world.onPortCall = (_region, of, method, outcome) => seen.of(of, method).add(outcome);
  world.onPossibleFaults = (_region, of, method, faults) => {
    const outcomes = possible.of(of, method);
    for (const fault of faults) outcomes.add(fault);
  };
  return () => ({ seen: seen.names, possible: possible.names });
}

/** Outcomes of calls, by function and method. There are many calls, so that the name of an outcome is made at the end. */
class Outcomes {
  readonly #all = new Map<string, Map<string, Set<string>>>();

  /** The outcomes of a function's calls of a method. */
  of(name: string, method: string): Set<string> {
    const methods = this.#all.get(name) ?? new Map<string, Set<string>>();
    const outcomes = methods.get(method) ?? new Set<string>();
    this.#all.set(name, methods.set(method, outcomes));
    return outcomes;
  }

  get names(): readonly string[] {
    return [...this.#all].flatMap(([name, methods]) =>
      [...methods].flatMap(([method, outcomes]) => [...outcomes].map((outcome) => `${name} ${method} ${outcome}`)),
    );
  }
}

/** The coverage of many histories. */
export class Coverage {
  readonly #seen = new Set<string>();
  readonly #possible = new Set(ALL_CALLS.map((call) => `${call} ok`));

  add({ seen, possible }: Covered): void {
    for (const each of seen) this.#seen.add(each);
    for (const each of possible) this.#possible.add(each);
  }

  get #all(): ReadonlySet<string> {
    return this.#possible.union(this.#seen);
  }

  /** What could have come of a call in these histories, and never did. */
  get unseen(): readonly string[] {
    return [...this.#possible].filter((each) => !this.#seen.has(each)).sort();
  }

  /** By action of a model, like `transaction.prepare`: how many outcomes its calls could have, and which of them none had. */
  get actions(): Readonly<Record<string, { readonly outcomes: number; readonly unseen: readonly string[] }>> {
    const [all, unseen] = [this.#all, this.unseen];
    const of = (outcomes: Iterable<string>, calls: readonly string[]) =>
      [...outcomes].filter((outcome) => calls.some((call) => outcome.startsWith(`${call} `)));
    return Object.fromEntries(
      Object.entries(ACTIONS).flatMap(([model, actions]) =>
        Object.entries(actions)
          .filter(([, calls]) => calls.length > 0)
          .map(([action, calls]) => [
            `${model}.${action}`,
            { outcomes: of(all, calls).length, unseen: of(unseen, calls) },
          ]),
      ),
    );
  }

  toJSON() {
    const { actions, unseen } = this;
    return { seen: [...this.#seen].sort(), unseen, actions };
  }

  /** `538 of 965 outcomes of calls seen` */
  text(): string {
    return `${this.#seen.size} of ${this.#all.size} outcomes of calls seen`;
  }
}
