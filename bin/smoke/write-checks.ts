import { isDeepStrictEqual } from 'node:util';
import { isClientError } from '../../client/error.ts';
import type { Accepted } from '../../core/wire/receipt.ts';
import { CliError } from '../client/cli-error.ts';
import type { Region } from '../client/region.ts';
import { type ByName, everywhere, type Found } from './everywhere.ts';
import type { Plan, PlannedAppend, PlannedRow, PlannedTransaction } from './plan.ts';
import { waitForAll } from './wait-for-all.ts';

/** An accepted append, with the time of its acceptance by this process's clock. */
export interface Written {
  readonly append: PlannedAppend;
  readonly accepted: Accepted;
  readonly at: number;
}

function envelopeOf({ id, stream, events }: PlannedAppend, key: string) {
  return { id, stream, events, meta: { actor: 'meridian-smoke', correlation: key } };
}

/** `append`: every Region accepts an append to a stream of each mode. */
export async function checkAppend(
  regions: ByName,
  { appends, missing }: Plan,
  key: string,
): Promise<Found<readonly Written[]>> {
  if (appends.length === 0) throw new CliError('no-sample', `The domain has ${missing.join(', and ')}.`);
  const written = await everywhere(regions, async (region, name) => {
    const ofRegion = appends.filter((append) => append.region === name);
    return Promise.all(
      ofRegion.map(async (append): Promise<Written> => {
        const accepted = await region.submit(envelopeOf(append, key));
        return { append, accepted, at: performance.now() };
      }),
    );
  });
  const streams = new Set(appends.map(({ stream }) => stream));
  return { found: `${appends.length} accepted: ${[...streams].join(', ')}`, value: [...written.values()].flat() };
}

/** Milliseconds from the acceptance of an append in one Region until another Region showed it, keyed by these two Regions. */
export type Lags = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** `replicated`: every Region sees what every Region has written. */
export async function checkReplicated(
  regions: ByName,
  written: readonly Written[],
  withinMs: number,
): Promise<Found<Lags>> {
  const seen: { readonly from: string; readonly to: string; readonly ms: number }[] = [];
  const expected = written.flatMap((one) => [...regions].map(([to, region]) => ({ ...one, to, region })));
  await waitForAll(
    expected,
    async ({ append, accepted, at, to, region }) => {
      if (!(await holds(region, append.stream, accepted))) return false;
      if (to !== append.region) seen.push({ from: append.region, to, ms: Math.round(performance.now() - at) });
      return true;
    },
    (missing) =>
      new CliError(
        'not-replicated',
        `After ${withinMs / 1000} s ${pairs(missing.map(({ append, to }) => ({ from: append.region, to })))}.`,
      ),
    withinMs,
  );
  const [slowest] = seen.toSorted((a, b) => b.ms - a.ms);
  return {
    found: slowest
      ? `slowest from ${slowest.from} to ${slowest.to}, after ${slowest.ms} ms`
      : 'there is one Region only',
    value: lagsOf(seen),
  };
}

/** The longest lag of each pair of Regions. */
function lagsOf(seen: readonly { readonly from: string; readonly to: string; readonly ms: number }[]): Lags {
  const lags: Record<string, Record<string, number>> = {};
  for (const { from, to, ms } of seen) lags[from] = { ...lags[from], [to]: Math.max(lags[from]?.[to] ?? 0, ms) };
  return lags;
}

function pairs(all: readonly { readonly from: string; readonly to: string }[]): string {
  const texts = new Set(all.map(({ from, to }) => `${to} has not seen what was written in ${from}`));
  return [...texts].join('; ');
}

/** True if a Region shows a commit of a new stream. */
async function holds(
  region: Region,
  stream: string,
  { log, position }: { readonly log?: string | undefined; readonly position?: number | undefined },
): Promise<boolean> {
  const { commits } = await region.commits(stream, {});
  return commits.some((commit) => commit.log === log && commit.position === position);
}

/**
 * `once`: the same appends, sent to another Region, change nothing; appends to `home` streams are passed on to their
 * home.
 */
export async function checkOnce(regions: ByName, written: readonly Written[], key: string): Promise<Found> {
  await everywhere(regions, async (region, name) => {
    for (const { append, accepted } of written.filter((one) => one.append.elsewhere === name)) {
      const before = await newestState(region, append.stream);
      const again = await region.submit(envelopeOf(append, key));
      const isSame = again.log === accepted.log && again.position === accepted.position;
      // The Region has the append, but may decide from a cached state that lacks it. On a merge stream it then writes a
      // copy, which does not change the state.
      if (isSame || append.mode === 'merge')
        if (isDeepStrictEqual(await newestState(region, append.stream), before)) continue;
      throw new CliError(
        'written-twice',
        `${append.id} took effect twice: first at position ${accepted.position} of log ${accepted.log}, then at ${again.position} of ${again.log}.`,
      );
    }
  });
  return { found: `${written.length} sent again to another Region, without a second effect`, value: undefined };
}

/** The state with every commit that the Region holds: a plain read may be some seconds old. */
async function newestState(region: Region, stream: string): Promise<unknown> {
  const { version } = await region.commits(stream, {});
  return (await region.stream(stream, { atLeast: version })).state;
}

/** `transaction`: streams at home in two Regions are changed together, and every Region sees both. */
export async function checkTransaction(
  regions: ByName,
  { id, region, participants }: PlannedTransaction,
  withinMs: number,
): Promise<Found> {
  const driving = regions.get(region);
  if (!driving) throw new CliError('not-found', `${region} is not among the Regions.`);
  const outcome = await driving.transactToEnd(participants, { id, meta: { actor: 'meridian-smoke', correlation: id } });
  const expected = outcome.participants.flatMap((one) => [...regions].map(([to, at]) => ({ ...one, to, at })));
  await waitForAll(
    expected,
    ({ at, stream, log, position }) => holds(at, stream, { log, position }),
    (missing) =>
      new CliError(
        'not-replicated',
        `${id} is committed, but after ${withinMs / 1000} s ${pairs(missing.map(({ log, to }) => ({ from: log, to })))}.`,
      ),
    withinMs,
  );
  return { found: `committed in ${outcome.participants.map(({ log }) => log).join(' and ')}`, value: undefined };
}

/** `views`: the rows appear in every Region. */
export async function checkViews(regions: ByName, rows: readonly PlannedRow[], withinMs: number): Promise<Found> {
  const expected = rows.flatMap((row) => [...regions].map(([name, region]) => ({ ...row, name, region })));
  await waitForAll(
    expected,
    async ({ region, view, key }) => {
      try {
        await region.row(view, key);
        return true;
      } catch (error) {
        if (isClientError(error, 'not-found')) return false;
        throw error;
      }
    },
    (missing) =>
      new CliError(
        'no-row',
        `After ${withinMs / 1000} s there is no ${missing.map(({ view, key, name }) => `row ${key} of ${view} in ${name}`).join('; no ')}.`,
      ),
    withinMs,
  );
  const views = [...new Set(rows.map(({ view }) => view))];
  return { found: `${views.join(', ')}: the rows are present in every Region`, value: undefined };
}
