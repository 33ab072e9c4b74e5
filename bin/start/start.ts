import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import { domain, flightId } from '../../domain/index.ts';
import { serve } from '../../world/server.ts';
import { World } from '../../world/world.ts';
import { figuresOf } from './figures.ts';
import { type Ingested, ingestAll } from './ingest.ts';
import { type FlightCount, type FlightRow, flightsFile, PUTS_PER_FLIGHT, putsOf, readFlights } from './input.ts';
import { type Report, report } from './report.ts';

export interface StartOptions {
  readonly flights: FlightCount;
  readonly regions: readonly string[];
  readonly port: number;
  readonly latency: boolean;
  readonly once?: boolean;
  readonly json?: boolean;
}

/**
 * Runs the world on real flights, says whether every Region agrees with the file, and serves until Ctrl-C. With `once` the
 * process exits instead: 0 if they agree, 1 if not.
 * @throws Error when the port is taken, or the file cannot be read
 */
export const start = async ({
  flights,
  regions,
  port,
  latency,
  once = false,
  json = false,
}: StartOptions): Promise<void> => {
  const file = flightsFile(flights);
  const rows = readFlights(file);
  const world = new World({ domain, regions, latency });
  const server = once ? undefined : await serve(world, port);

  const bar = new SingleBar({
    format: 'Ingesting {bar} {value}/{total} envelopes, {duration_formatted}',
    clearOnComplete: true,
    noTTYOutput: false,
    // Otherwise Ctrl-C leaves the terminal without line wrap.
    linewrap: true,
  });
  const begin = performance.now();
  if (!json) bar.start(PUTS_PER_FLIGHT * rows.length, 0);
  const ingested = await ingestAll(world, putsOf(rows, regions), (outcomes) => {
    if (!json) bar.update(outcomes);
  });
  bar.stop();
  const seconds = (performance.now() - begin) / 1000;

  const result = await report(world, figuresOf(file), { flights: rows.length, seconds, ingested });
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : render(result, ingested));
  if (once) process.exit(result.agree ? 0 : 1);
  const address = server?.address();
  if (!json && address && typeof address === 'object')
    process.stdout.write(invitation(`http://127.0.0.1:${address.port}`, regions, rows));
};

const render = (
  { flights, commits, seconds, commitsPerSecond, peakMemoryMb, agree, regions }: Report,
  { sent, accepted, rejected, quarantined }: Ingested,
): string => {
  const table = new Table({
    head: ['Region', 'written here', 'seen', 'view rows', 'lag p50 ms', 'lag p99 ms', 'mismatches'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  // A Region that is the only one to write has nothing to wait for.
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
${agree ? 'Every Region agrees with the file.' : 'The Regions do not agree with the file.'}
`;
};

const invitation = (url: string, [here = '', there = here]: readonly string[], rows: readonly FlightRow[]): string => {
  const [flight] = rows.map(({ row, scheduled, origin, destination }) =>
    flightId({ date: scheduled.slice(0, 10), origin, destination, row }),
  );
  return `
Serving ${url} until Ctrl-C. Try:
  curl ${url}/regions/${here}/views/airport-delays/${rows[0]?.origin}
  curl ${url}/regions/${there}/streams/flight/${flight}
  curl -X POST ${url}/regions/${there}/streams/seats/${flight}/commands/reserve -d '{"passenger":"you"}'
`;
};
