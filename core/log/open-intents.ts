import type { Commit } from '../facts/commit.ts';
import { attemptIdOf, type Decision, type FinalState, finalOf, stateIn } from '../facts/decision.ts';
import type { Dot } from '../facts/version.ts';

/** An intent that was prepared when it was read, with its final state if known by now. */
export interface OpenIntent {
  readonly intent: Commit;
  readonly state?: FinalState;
}

/** The intents of a stream that are not stored as final, including intents whose decision has been learned since. */
export class OpenIntents {
  readonly #byPlace = new Map<string, OpenIntent>();

  get all(): readonly OpenIntent[] {
    return [...this.#byPlace.values()];
  }

  /** The intents whose decision is not known here. */
  get undecided(): readonly Commit[] {
    return this.all.filter(({ state }) => !state).map(({ intent }) => intent);
  }

  add(intent: Commit): void {
    this.#byPlace.set(placeOf(intent), { intent });
  }

  /** Removes an intent that was read again and is now stored as final. */
  remove(dot: Dot): void {
    this.#byPlace.delete(placeOf(dot));
  }

  /** Records the decision on an attempt. @returns its intents here, in their final state */
  decide(decision: Decision): readonly Commit[] {
    const attemptId = attemptIdOf(decision);
    const decided: Commit[] = [];
    for (const [place, { intent, state: known }] of this.#byPlace) {
      if (known || intent.commitId !== attemptId) continue;
      const state = stateIn(decision, intent);
      this.#byPlace.set(place, { intent, state });
      decided.push(finalOf(intent, state));
    }
    return decided;
  }
}

function placeOf({ log, position }: Dot): string {
  return `${log}#${position}`;
}
