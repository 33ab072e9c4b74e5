import type { DecisionsKind } from '@meridian-es/meridian/world';
import { realScheduler, serveWorld, World } from '@meridian-es/meridian/world';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { WORLD } from '../../../bin/client/open.ts';
import { countOf, sayJson, sayText, table } from '../../../bin/output.ts';
import { booking, domain } from '../index.ts';
import { bookAll } from './book.ts';
import { type BookingPlan, planBookings } from './booking-plan.ts';
import { type BookingsChecked, checkBookings } from './booking-report.ts';
import { figuresOf } from './figures.ts';
import { type Ingested, ingestAll } from './ingest.ts';
import {
  type FlightCount,
  type FlightRow,
  flightOf,
  flightsFile,
  PUTS_PER_FLIGHT,
  putsOf,
  readFlights,
} from './input.ts';
import { type Partitioned, partition, renderPartition } from './partition.ts';
import { type Report, reportWorld } from './report.ts';

export interface StartOptions {
  readonly flights: FlightCount;
  readonly regions: readonly string[];
  /** How many bookings; 0 for none. */
  readonly bookings: number;
  readonly decisions?: DecisionsKind;
  readonly port: number;
  readonly latency: boolean;
  readonly once?: boolean;
  readonly json?: boolean;
}

/**
 * Runs the world on real flights, reports whether every Region agrees with the file, books seats on the flights, reports
 * violations, shows what two Regions do that cannot reach each other, and serves until Ctrl-C. With `once` the process exits instead: with 0 if all Regions agree and there are no
 * violations, otherwise 1.
 * @throws Error when the port is taken, or the file cannot be read
 */
export async function startWorld({
  flights,
  regions,
  bookings,
  decisions,
  port,
  latency,
  once = false,
  json = false,
}: StartOptions): Promise<void> {
  const file = flightsFile(flights);
  const rows = readFlights(file);
  const world = new World({
    domain,
    regions,
    latency,
    ...(decisions && { decisions }),
    // Thousands of envelopes arrive at once in one process. Larger batches keep it busy, where on AWS more functions would
    // run; SQS allows this size with a batching window.
    functions: { ingest: { queue: { batchSize: 100 } } },
  });
  const server = once ? undefined : await serveWorld(world, port);

  const ingesting = progress('Ingesting', 'envelopes', PUTS_PER_FLIGHT * rows.length, json);
  const begin = performance.now();
  const ingested = await ingestAll(world, putsOf(rows, regions), ingesting.update);
  ingesting.stop();
  const seconds = (performance.now() - begin) / 1000;

  const result = await reportWorld(world, figuresOf(file), { flights: rows.length, seconds, ingested });
  if (!json) sayText(render(result, ingested));
  const checked = bookings > 0 ? await bookOn(world, planBookings(rows, regions, bookings), json) : undefined;
  const partitioned = json ? undefined : await partitionOn(world, rows);
  if (json) sayJson({ ...result, ...(checked && { bookings: checked.report }) });
  const holds = result.agree && (checked?.violations.length ?? 0) === 0 && (partitioned?.agree ?? true);
  if (once) process.exit(holds ? 0 : 1);
  const address = server?.address();
  if (!json && address && typeof address === 'object')
    sayText(invitation(`http://127.0.0.1:${address.port}`, regions, rows));
}

/** On the last flight of the file: users who try commands by hand find the first ones as in the file. */
async function partitionOn(world: World, rows: readonly FlightRow[]): Promise<Partitioned | undefined> {
  const row = rows.at(-1);
  const partitioned = row && (await partition(world, row));
  if (partitioned) sayText(renderPartition(partitioned));
  return partitioned;
}

async function bookOn(world: World, plan: BookingPlan, json: boolean): Promise<BookingsChecked> {
  const booking = progress('Booking', 'seats', plan.bookings.length, json);
  const begin = performance.now();
  const booked = await bookAll(world, plan, realScheduler(), booking.update);
  booking.stop();
  const seconds = (performance.now() - begin) / 1000;
  const checked = await checkBookings(world, plan, booked);
  if (!json) sayText(renderBookings(plan, checked, seconds));
  return checked;
}

/** A progress bar on a terminal; nothing if the output is JSON. */
function progress(doing: string, what: string, total: number, json: boolean) {
  const bar = new SingleBar({
    format: `${doing} {bar} {value}/{total} ${what}, {duration_formatted}`,
    clearOnComplete: true,
    noTTYOutput: false,
    // Otherwise Ctrl-C leaves the terminal without line wrap.
    linewrap: true,
  });
  if (!json) bar.start(total, 0);
  return {
    update: (value: number): void => {
      if (!json) bar.update(value);
    },
    stop: () => bar.stop(),
  };
}

function render(
  { flights, commits, seconds, commitsPerSecond, peakMemoryMb, agree, regions }: Report,
  { sent, accepted, rejected, quarantined }: Ingested,
): string {
  const table = new Table({
    head: ['Region', 'written here', 'seen', 'view rows', 'lag p50 ms', 'lag p99 ms', 'mismatches'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  // If only one Region writes, no commits arrive there, so it has no lag.
  for (const { region, written, seen, viewRows, lagMs, mismatches } of regions)
    table.push([
      region,
      written,
      seen,
      viewRows,
      ...(seen > written ? [lagMs.p50, lagMs.p99] : ['–', '–']),
      mismatches,
    ]);
  return `${table.toString()}
${flights} flights, ${sent} envelopes: ${accepted} accepted, ${rejected} rejected, ${quarantined} quarantined.
${commits} commits in ${seconds} s (${commitsPerSecond} a second), ${peakMemoryMb} MB at the peak.
${agree ? 'Every Region agrees with the file.' : 'The Regions do not agree with the file.'}`;
}

/** At most this many violations are listed one by one. */
const MOST_TOLD = 10;

function renderBookings(
  { members, bookings }: BookingPlan,
  { report, sold, violations }: BookingsChecked,
  seconds: number,
): string {
  const one = bookings.filter(({ isOneRegion }) => isOneRegion).length;
  const columns = ['bookings', 'attempted', 'p50 ms', 'p99 ms'].map((name, i) => ({
    name,
    align: i === 0 ? ('left' as const) : ('right' as const),
  }));
  const rows = [
    ['seat and miles in one Region', one, report.oneRegionMs] as const,
    ['seat and miles in two Regions', bookings.length - one, report.crossRegionMs] as const,
  ].map(([name, attempted, { p50, p99 }]) => [name, attempted, ...(attempted > 0 ? [p50, p99] : ['–', '–'])]);
  const reasons = Object.entries(report.aborted).sort(([, a], [, b]) => b - a);
  const aborted = report.attempted - report.committed;
  const why = reasons.map(([reason, number]) => `${number} ${reason}`).join(', ');
  return `${table(columns, rows)}
${countOf(report.attempted, 'booking')} by ${members.length} members in ${seconds.toFixed(2)} s: ${report.committed} committed, ${aborted} aborted${aborted > 0 ? ` (${why})` : ''}.
${sold.seats} seats sold, ${sold.miles} miles paid for them.
${
  violations.length === 0
    ? 'In every Region no flight has more passengers than seats, seats and miles are those of the committed bookings, and no intent is left.'
    : [`${countOf(violations.length, 'violation')}:`, ...violations.slice(0, MOST_TOLD)].join('\n  ')
}`;
}

function invitation(url: string, [here = '', there = here]: readonly string[], rows: readonly FlightRow[]): string {
  const [flight = '', booked = '', onward = ''] = rows.slice(0, 3).map(flightOf);
  const you = `${rows[1]?.destination}.you`;
  const body = JSON.stringify({ participants: booking({ flight: booked, member: you }) });
  return `
Serving ${url} until Ctrl-C. Try:
  curl ${url}/regions/${here}/views/airport-delays/${rows[0]?.origin}
  curl ${url}/regions/${there}/streams/flight/${flight}
  curl -X POST ${url}/regions/${there}/streams/seats/${flight}/commands/reserve -d '{"passenger":"you"}'
Earn miles, and book for them:
  curl -X POST ${url}/regions/${there}/streams/miles/${you}/commands/earn -d '{"miles":5000}'
  curl -X POST ${url}/regions/${there}/transactions -d '${body}'
  npx meridian book ${onward} ${you}${url === WORLD ? '' : ` --url ${url}`}`;
}
