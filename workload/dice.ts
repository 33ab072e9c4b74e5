/** Numbers of at least 0 and below 1. */
export type Random = () => number;

/** What is drawn with random numbers: with the same numbers, the same. */
export class Dice {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** True in this share of cases, 0 to 1. */
  chance(share: number): boolean {
    return this.#random() < share;
  }

  /** A uniformly distributed number, at least `low` and below `high`. */
  between(low: number, high: number): number {
    return low + this.#random() * (high - low);
  }

  /** A whole number, at least 0 and below this one. */
  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  /** One of several, each as likely as the others. @throws Error if there is none */
  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new Error('There is nothing to pick from.');
    return picked;
  }

  /** Takes up to this many out of a pool. */
  take<T>(pool: T[], count: number): T[] {
    return Array.from({ length: Math.min(count, pool.length) }, () => pool.splice(this.below(pool.length), 1)).flat();
  }
}
