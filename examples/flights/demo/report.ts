import type { World, WorldRegion } from '@meridian-es/meridian/world';
import { functionUrlEvent } from '@meridian-es/meridian/world';
import * as z from 'zod';
import { compareRows, type Figures } from './figures.ts';
import type { Ingested } from './ingest.ts';

export interface RegionReport {
  readonly region: string;
  /** Commits that were appended in the Region. */
  readonly written: number;
  /** Commits of every Region that the Region holds. */
  readonly seen: number;
  readonly viewRows: number;
  /** Rows that differ from the figures counted from the file. */
  readonly mismatches: number;
  /** Milliseconds from the append of a commit in another Region to its arrival in this Region. */
  readonly lagMs: { readonly p50: number; readonly p99: number };
}

export interface Report {
  readonly flights: number;
  readonly commits: number;
  /** The time from the first envelope put until nothing was in progress any more. */
  readonly seconds: number;
  readonly commitsPerSecond: number;
  readonly peakMemoryMb: number;
  /** Every envelope was accepted, every Region holds every commit, and every Region's view agrees with the file. */
  readonly agree: boolean;
  readonly regions: readonly RegionReport[];
}

/** Compares what every Region's API shows with figures counted from the file. */
export async function reportWorld(
  world: World,
  expected: ReadonlyMap<string, Figures>,
  { flights, seconds, ingested }: { readonly flights: number; readonly seconds: number; readonly ingested: Ingested },
): Promise<Report> {
  const regions = await Promise.all([...world.regions.values()].map((region) => reportRegion(region, expected)));
  const commits = regions.reduce((sum, { written }) => sum + written, 0);
  return {
    flights,
    commits,
    seconds: round(seconds, 2),
    commitsPerSecond: Math.round(commits / seconds),
    peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    agree:
      ingested.accepted === ingested.sent &&
      regions.every(({ seen, mismatches }) => seen === commits && mismatches === 0),
    regions,
  };
}

async function reportRegion(region: WorldRegion, expected: ReadonlyMap<string, Figures>): Promise<RegionReport> {
  const { written, seen, lags } = region.counts;
  const rows = await rowsOf(region, 'airport-delays');
  return {
    region: region.name,
    written,
    seen,
    viewRows: rows.length,
    mismatches: compareRows(expected, rows).length,
    lagMs: percentiles(lags),
  };
}

const pageSchema = z.object({
  rows: z.array(z.object({ key: z.string(), value: z.unknown() })),
  next: z.string().optional(),
});

/** Every row of a view, page by page, as the Region's API returns them. */
async function rowsOf(region: WorldRegion, view: string) {
  const all: z.output<typeof pageSchema>['rows'] = [];
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const query = new URLSearchParams({ limit: '1000', ...(after !== undefined && { after }) }).toString();
    const { body } = await region.request(functionUrlEvent({ method: 'GET', path: `/views/${view}`, query }));
    const { rows, next } = pageSchema.parse(JSON.parse(body));
    all.push(...rows);
    after = next;
  }
  return all;
}

/** The percentiles of milliseconds; 0 when there are no values. */
export function percentiles(values: readonly number[]): { readonly p50: number; readonly p99: number } {
  const sorted = Float64Array.from(values).sort();
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}

/** The percentile by the nearest-rank method. */
function percentile(sorted: Float64Array, share: number): number {
  return round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0, 1);
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
