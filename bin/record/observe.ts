import { setTimeout as sleep } from 'node:timers/promises';
import { Evidence } from '../../checkers/evidence/evidence.ts';
import type { LineOf } from '../../checkers/history.ts';
import { views } from '../../checkers/views.ts';
import { isClientError } from '../../client/error.ts';
import type { Recorder } from '../../workload/recorder.ts';
import type { ViewUse, Workload } from '../../workload/workload.ts';
import { isRetryable } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import type { ByName } from '../smoke/everywhere.ts';
import type { UsedStream } from './draw.ts';
import { replicaOf } from './replica.ts';

/** Pause between two looks. */
const POLL_MS = 500;

/** What is looked at when all operations are over. */
export interface Scene {
  readonly regions: ByName;
  readonly workload: Workload;
  readonly recorder: Recorder;
  readonly streams: readonly UsedStream[];
  /** How long the Regions, and then their views, may take to agree. */
  readonly withinMs: number;
}

/** Waits until all Regions agree, and writes down what each of them shows. @returns whether they agree */
export async function observe(scene: Scene): Promise<boolean> {
  const { recorder, withinMs } = scene;
  const lastFault = recorder.now();
  const ends = await until(withinMs, () => endsOf(scene), agree);
  const at = recorder.now();
  for (const line of [...ends.outcomes, ...ends.replicas]) recorder.add(line);
  const shown = await until(
    withinMs,
    () => viewsOf(scene),
    // Nothing says that a view is up to date, except that it shows what its streams contain.
    (lines) => views(new Evidence([...recorder.history.slice(0, 1), ...ends.replicas, ...lines])).length === 0,
  );
  for (const line of shown) recorder.add(line);
  const isSettled = agree(ends);
  recorder.add({ line: 'settled', lastFault, ...(isSettled && { at }), bound: withinMs, deadLetters: {} });
  return isSettled;
}

/**
 * Looks until it sees what it waits for, or the time is over.
 * @returns what it saw last
 * @throws what the last look throws
 */
async function until<T>(withinMs: number, look: () => Promise<T>, isEnough: (seen: T) => boolean): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const isLast = performance.now() + POLL_MS > end;
    try {
      const seen = await look();
      if (isLast || isEnough(seen)) return seen;
    } catch (error) {
      if (isLast || !isRetryable(error)) throw error;
    }
    await sleep(POLL_MS);
  }
}

interface Ends {
  readonly replicas: readonly LineOf<'replica'>[];
  readonly outcomes: readonly LineOf<'outcome'>[];
}

async function endsOf({ regions, streams, recorder }: Scene): Promise<Ends> {
  const each = await Promise.all(
    [...regions].map(async ([name, region]) => {
      const outcomes: LineOf<'outcome'>[] = [];
      for (const id of recorder.transactions) {
        const begin = recorder.now();
        const state = await outcomeIn(region, id);
        outcomes.push({ line: 'outcome', begin, at: recorder.now(), region: name, id, state });
      }
      const replicas: LineOf<'replica'>[] = [];
      for (const stream of streams) replicas.push(await replicaOf(region, name, stream));
      return { outcomes, replicas };
    }),
  );
  return { replicas: each.flatMap(({ replicas }) => replicas), outcomes: each.flatMap(({ outcomes }) => outcomes) };
}

async function outcomeIn(region: Region, id: string): Promise<LineOf<'outcome'>['state']> {
  try {
    return (await region.transaction(id)).state;
  } catch (error) {
    if (isClientError(error, 'not-found')) return 'unknown';
    throw error;
  }
}

/** Whether every Region shows the same versions, each with the commits that it covers, and the same final outcomes. */
function agree({ replicas, outcomes }: Ends): boolean {
  const streams = Map.groupBy(replicas, ({ stream }) => stream);
  const transactions = Map.groupBy(outcomes, ({ id }) => id);
  return (
    outcomes.every(({ state }) => state !== 'undecided') &&
    [...transactions.values()].every((of) => new Set(of.map(({ state }) => state)).size === 1) &&
    [...streams.values()].every((of) => new Set(of.map(heldBy)).size === 1 && of.every(isWhole))
  );
}

/** A text that is equal for replicas with the same version. */
function heldBy({ version }: LineOf<'replica'>): string {
  return JSON.stringify(Object.entries(version).sort());
}

/** False if a commit arrived between the two requests for the state and for the commits. */
function isWhole({ commits, version }: LineOf<'replica'>): boolean {
  return commits.every(({ log, position }) => (version[log] ?? 0) >= position);
}

/** The views that can be compared with the streams of this recording alone: a total of others includes what others have written. */
async function viewsOf({ regions, workload, streams }: Scene): Promise<readonly LineOf<'view'>[]> {
  const own = Object.entries(workload.views ?? {}).filter(
    ([, { shows, keyBy = 'id' }]) => shows === 'rows' || keyBy === 'id',
  );
  const lines = [...regions].flatMap(([name, region]) =>
    own.map(async ([view, use]): Promise<LineOf<'view'>> => {
      const { of, shows, sumOf, keyBy } = use;
      const values = await rowsOf(region, view, use, streams);
      return { line: 'view', region: name, view, of, shows, ...(sumOf && { sumOf }), ...(keyBy && { keyBy }), values };
    }),
  );
  return Promise.all(lines);
}

async function rowsOf(
  region: Region,
  view: string,
  { of, value = (row) => row }: ViewUse,
  streams: readonly UsedStream[],
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const { name } of streams.filter(({ use }) => use.type === of)) {
    const id = name.slice(of.length + 1);
    const shown = value(await rowIn(region, view, id));
    if (shown !== undefined) values[id] = shown;
  }
  return values;
}

async function rowIn(region: Region, view: string, key: string): Promise<unknown> {
  try {
    return (await region.row(view, key)).value;
  } catch (error) {
    if (isClientError(error, 'not-found')) return undefined;
    throw error;
  }
}
