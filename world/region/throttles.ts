import type { Clockwork } from '../time/clockwork.ts';

/** The range of the milliseconds for which a partition is throttled. */
const THROTTLED_MS = [1_000, 10_000] as const;

/** The partitions of a Region's tables that are throttled. */
export class Throttles {
  readonly #clockwork: Pick<Clockwork, 'scheduler' | 'weather'>;
  /** By partition, when the throttling ends. */
  readonly #until = new Map<string, number>();

  constructor(clockwork: Pick<Clockwork, 'scheduler' | 'weather'>) {
    this.#clockwork = clockwork;
  }

  /** Whether one of these partitions is throttled. */
  has(partitions: readonly string[]): boolean {
    const now = this.#clockwork.scheduler.now();
    return partitions.some((partition) => (this.#until.get(partition) ?? now) > now);
  }

  /** Throttles one of these partitions for a while, unless one of them is throttled. */
  add(partitions: readonly string[]): void {
    const { scheduler, weather } = this.#clockwork;
    const partition = this.has(partitions) ? undefined : partitions[weather.between(0, partitions.length - 1)];
    if (partition !== undefined) this.#until.set(partition, scheduler.now() + weather.between(...THROTTLED_MS));
  }
}
