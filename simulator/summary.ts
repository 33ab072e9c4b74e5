import type { Violation } from '../checkers/history.ts';
import { Coverage } from './coverage.ts';
import type { Checked } from './run-seed.ts';

/** How many outcomes that were never seen the text names for each action; `--json` has all. */
const SHOWN = 3;

/** Adds up what histories were, and prints the progress to standard error. */
export class Summary {
  readonly violations: (Pick<Violation, 'property' | 'what'> & { readonly seed: number; readonly profile: string })[] =
    [];
  readonly #seed: number;
  readonly #isQuiet: boolean;
  readonly #begin = performance.now();
  readonly #faults: Record<string, number> = {};
  readonly #coverage = new Coverage();
  #histories = 0;
  #operations = 0;
  #printed = 0;
  #seconds = 0;

  constructor(seed: number, { isQuiet }: { readonly isQuiet: boolean }) {
    this.#seed = seed;
    this.#isQuiet = isQuiet;
  }

  add({ schedule: { seed, profile }, operations, faults, covered, violations }: Checked): void {
    this.#histories++;
    this.#operations += operations;
    for (const [fault, count] of Object.entries(faults)) this.#faults[fault] = (this.#faults[fault] ?? 0) + count;
    this.#coverage.add(covered);
    this.violations.push(...violations.map(({ property, what }) => ({ seed, profile, property, what })));
    const now = performance.now();
    if (this.#isQuiet || !process.stderr.isTTY || now - this.#printed < 1000) return;
    this.#printed = now;
    this.end();
    process.stderr.write(`\r\x1b[K${this.#progress()}`);
  }

  /** Stops the time. */
  end(): void {
    this.#seconds = (performance.now() - this.#begin) / 1000;
  }

  toJSON() {
    return {
      histories: this.#histories,
      operations: this.#operations,
      seconds: Number(this.#seconds.toFixed(1)),
      faults: Object.fromEntries(this.#sortedFaults()),
      coverage: this.#coverage,
      violations: this.violations,
      seed: this.#seed,
    };
  }

  text(): string {
    const faults = this.#sortedFaults().map(([fault, count]) => `  ${String(count).padStart(9)}  ${fault}`);
    return [
      ...(faults.length > 0 ? ['faults:', ...faults] : []),
      ...this.#actions(),
      `seeds ${this.#seed} to ${this.#seed + this.#histories - 1}: ${this.#progress()}`,
    ].join('\n');
  }

  #progress(): string {
    const rate = this.#seconds > 0 ? Math.round((this.#histories / this.#seconds) * 60) : 0;
    const faults = Object.values(this.#faults).reduce((sum, count) => sum + count, 0);
    return [
      `${this.#histories} histories of ${this.#operations} operations in ${this.#seconds.toFixed(1)} s (${rate} a minute)`,
      `${faults} faults`,
      this.#coverage.text(),
      `${this.violations.length} violations`,
    ].join(', ');
  }

  /** The actions of the models, each with what could have come of its calls and never did. */
  #actions(): readonly string[] {
    const lines = Object.entries(this.#coverage.actions).map(([action, { outcomes, unseen }]) => {
      const rest = unseen.length > SHOWN ? `, and ${unseen.length - SHOWN} more` : '';
      const missing = unseen.length === 0 ? '' : `; never: ${unseen.slice(0, SHOWN).join(', ')}${rest}`;
      return `  ${action.padEnd(29)}${outcomes - unseen.length} of ${outcomes}${missing}`;
    });
    return ['actions of the models, and the outcomes of their calls that were seen:', ...lines];
  }

  #sortedFaults(): readonly (readonly [string, number])[] {
    return Object.entries(this.#faults).sort(([, a], [, b]) => b - a);
  }
}
