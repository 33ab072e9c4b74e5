import type { Violation } from '../checkers/history.ts';
import type { Checked } from './run-seed.ts';

/** Adds up what histories were, and prints the progress to standard error. */
export class Summary {
  readonly violations: (Pick<Violation, 'property' | 'what'> & { readonly seed: number; readonly profile: string })[] =
    [];
  readonly #seed: number;
  readonly #isQuiet: boolean;
  readonly #begin = performance.now();
  readonly #faults: Record<string, number> = {};
  readonly #coverage = new Set<string>();
  #histories = 0;
  #operations = 0;
  #printed = 0;
  #seconds = 0;

  constructor(seed: number, { isQuiet }: { readonly isQuiet: boolean }) {
    this.#seed = seed;
    this.#isQuiet = isQuiet;
  }

  add({ schedule: { seed, profile }, operations, faults, coverage, violations }: Checked): void {
    this.#histories++;
    this.#operations += operations;
    for (const [fault, count] of Object.entries(faults)) this.#faults[fault] = (this.#faults[fault] ?? 0) + count;
    for (const each of coverage) this.#coverage.add(each);
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
      coverage: { visited: this.#coverage.size, all: [...this.#coverage].sort() },
      violations: this.violations,
      seed: this.#seed,
    };
  }

  text(): string {
    const faults = this.#sortedFaults().map(([fault, count]) => `  ${String(count).padStart(9)}  ${fault}`);
    return [
      ...(faults.length > 0 ? ['faults:', ...faults] : []),
      `seeds ${this.#seed} to ${this.#seed + this.#histories - 1}: ${this.#progress()}`,
    ].join('\n');
  }

  #progress(): string {
    const rate = this.#seconds > 0 ? Math.round((this.#histories / this.#seconds) * 60) : 0;
    const faults = Object.values(this.#faults).reduce((sum, count) => sum + count, 0);
    return [
      `${this.#histories} histories of ${this.#operations} operations in ${this.#seconds.toFixed(1)} s (${rate} a minute)`,
      `${faults} faults`,
      `${this.#coverage.size} calls and outcomes seen`,
      `${this.violations.length} violations`,
    ].join(', ');
  }

  #sortedFaults(): readonly (readonly [string, number])[] {
    return Object.entries(this.#faults).sort(([, a], [, b]) => b - a);
  }
}
