// Computes from the file alone what the views should show. It imports nothing from core, domain, world or input.ts, so
// it shares no code with what it checks.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';

/** An airport's figures: delays in minutes, the mean over departures and arrivals, not rounded. */
export interface Figures {
  readonly departures: number;
  readonly arrivals: number;
  readonly totalDelay: number;
  readonly meanDelay: number;
}

const flightsSchema = z.array(z.object({ origin: z.string(), destination: z.string(), delay: z.number() }));

/** The figures of every airport in a file of flights. */
export function figuresOf(file: string): ReadonlyMap<string, Figures> {
  const figures = new Map<string, Figures>();
  const count = (airport: string, departed: number, arrived: number, delay: number): void => {
    const before = figures.get(airport);
    const departures = (before?.departures ?? 0) + departed;
    const arrivals = (before?.arrivals ?? 0) + arrived;
    const totalDelay = (before?.totalDelay ?? 0) + delay;
    figures.set(airport, { departures, arrivals, totalDelay, meanDelay: totalDelay / (departures + arrivals) });
  };
  for (const { origin, destination, delay } of flightsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))) {
    count(origin, 1, 0, delay);
    count(destination, 0, 1, delay);
  }
  return figures;
}

/** An airport whose row differs from the file. */
export interface Mismatch {
  readonly airport: string;
  readonly problem: 'missing' | 'surplus' | 'different';
  readonly expected?: Figures | undefined;
  readonly actual?: unknown;
}

/** Where a view's rows differ from the figures: rows that are missing, unexpected, duplicate or different. */
export function compareRows(
  expected: ReadonlyMap<string, Figures>,
  rows: Iterable<{ readonly key: string; readonly value: unknown }>,
): readonly Mismatch[] {
  const missing = new Map(expected);
  const mismatches: Mismatch[] = [];
  for (const { key: airport, value: actual } of rows) {
    const figures = missing.get(airport);
    if (!figures) mismatches.push({ airport, problem: 'surplus', actual });
    else if (!isDeepStrictEqual(actual, figures))
      mismatches.push({ airport, problem: 'different', expected: figures, actual });
    missing.delete(airport);
  }
  for (const [airport, figures] of missing) mismatches.push({ airport, problem: 'missing', expected: figures });
  return mismatches;
}
