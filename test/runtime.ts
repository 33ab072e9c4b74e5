import { createHash } from 'node:crypto';
import type { MetricName, Runtime } from '../core/index.ts';
import { seeded } from '../world/time/randomness.ts';

/** Time, randomness, ids, metrics and a log that a test controls. */
export interface FakeRuntime extends Runtime {
  /** Advances the time, or sets the clock back. */
  advance(milliseconds: number): void;
  /** The duration of each `sleep`: it advances the clock at once. */
  readonly slept: number[];
  /** The sum of each metric. */
  readonly metrics: Map<MetricName, number>;
  /** Every error that was logged. */
  readonly unexpectedErrors: unknown[];
  /** What `clockAhead` returns. */
  ahead: number;
}

/** A runtime whose clock advances only when a test advances it, or code sleeps. */
export function fakeRuntime(start = Date.UTC(2001, 0, 1), seed = 1): FakeRuntime {
  let now = start;
  let elapsed = 0;
  let ids = 0;
  const slept: number[] = [];
  const metrics = new Map<MetricName, number>();
  const unexpectedErrors: unknown[] = [];
  const runtime: FakeRuntime = {
    now: () => now,
    clockAhead: () => runtime.ahead,
    elapsed: () => elapsed,
    sleep: async (milliseconds) => {
      slept.push(milliseconds);
      now += milliseconds;
      elapsed += milliseconds;
    },
    random: seeded(seed),
    newId: () => `id-${++ids}`,
    digest: (text) => createHash('sha256').update(text).digest('base64url'),
    metric: (name, _unit, value) => metrics.set(name, (metrics.get(name) ?? 0) + value),
    advance: (milliseconds) => {
      now += milliseconds;
      elapsed += Math.max(0, milliseconds);
    },
    unexpected: (error) => unexpectedErrors.push(error),
    slept,
    metrics,
    unexpectedErrors,
    ahead: 0,
  };
  return runtime;
}
