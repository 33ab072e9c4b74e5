import type { CrashPoint } from './crash.ts';
import { type HistoryResult, runHistory } from './history.ts';
import type { HistoryOptions } from './scene.ts';
import { noWaits, sumOfWaits, type Waits } from './waits.ts';

/** The result of a sweep of one scenario. */
export interface Swept {
  /** Number of points where a process died: before and after each call took effect. */
  readonly points: number;
  /** Number of runs: one without a crash, and one for every point and process that can die there. */
  readonly histories: number;
  /** How the transactions under test ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** How the transactions that were their rivals ended. */
  readonly rivals: Readonly<Record<string, number>>;
  /** How often writers waited for each other: in the run without a crash, and in all runs. */
  readonly waits: { readonly without: Waits; readonly all: Waits };
  readonly violations: readonly { readonly crashes: readonly CrashPoint[]; readonly what: string }[];
}

export type SweepOptions = Omit<HistoryOptions, 'crashes'>;

/** Which of the processes that can die at a moment do, each in a run of its own: all of them, or one, in turn from moment to moment. */
export type Deaths = 'all' | 'in turn';

/** A run, and where processes died in it. */
export type History = HistoryResult & { readonly crashes: readonly CrashPoint[] };

/**
 * Runs a transaction once without a crash, and once for every point at which one of its processes can die. These are the points
 * that the run without a crash reaches, including its recovery.
 * @param deaths @default 'all', unless everything happens twice
 */
export async function* histories(options: SweepOptions, deaths: Deaths = 'all'): AsyncGenerator<History> {
  const whole = await runHistory({ ...options, crashes: [] });
  yield { ...whole, crashes: [] };
  for (const point of pointsOf(options, whole, deaths))
    yield { ...(await runHistory({ ...options, crashes: [point] })), crashes: [point] };
}

/** Runs all {@link histories} of a scenario. */
export async function sweepOnce(options: SweepOptions, deaths?: Deaths): Promise<Swept> {
  const results: History[] = [];
  for await (const history of histories(options, deaths)) results.push(history);
  const points = new Set(results.flatMap(({ crashes }) => crashes.map(({ call, when }) => `${call} ${when}`)));
  return summary({ points: points.size, without: results[0]?.waits ?? noWaits }, results);
}

/**
 * Runs a transaction with two crashes: one at any of its calls, the other at any later call, including those of
 * recovery.
 * @param choose picks a point, 0 to `count` - 1
 */
export async function sweepTwice(
  options: SweepOptions,
  runs: number,
  choose: (count: number) => number,
): Promise<Swept> {
  const whole = await runHistory({ ...options, crashes: [] });
  const firsts = pointsOf(options, whole);
  const results: History[] = [];
  while (results.length < runs) {
    const first = firsts[choose(firsts.length)];
    if (!first) break;
    const one = await runHistory({ ...options, crashes: [first] });
    const seconds = pointsOf(options, one).filter(({ call }) => call > first.call);
    const second = seconds[choose(seconds.length)];
    const crashes = second ? [first, second] : [first];
    results.push({ ...(await runHistory({ ...options, crashes })), crashes });
  }
  return summary({ points: results.length, without: whole.waits }, results);
}

const DEATHS = ['function', 'machines', 'function and machines'] as const;

/**
 * Every combination of a moment and the process that dies. With a rival, the projections of both transactions are left out: they
 * read what is committed, and crash in the runs without a rival. If everything happens twice, there are so many moments that one
 * process dies at each of them, in turn.
 */
function pointsOf(
  { rival, twice }: SweepOptions,
  { moments, calls }: HistoryResult,
  deaths: Deaths = 'all',
): readonly CrashPoint[] {
  const inTurn = twice || deaths === 'in turn';
  return moments
    .filter(({ call }) => !rival || !calls[call - 1]?.includes(' projection '))
    .flatMap((moment, i) =>
      DEATHS.filter((_, of) => !inTurn || of === i % DEATHS.length).map((dies) => ({ ...moment, dies })),
    );
}

function summary(
  { points, without }: { readonly points: number; readonly without: Waits },
  results: readonly History[],
): Swept {
  return {
    points,
    histories: results.length,
    outcomes: countsOf(results.map(({ outcome }) => outcome)),
    rivals: countsOf(results.flatMap(({ rival }) => rival ?? [])),
    waits: { without, all: sumOfWaits(results.map(({ waits }) => waits)) },
    violations: results.flatMap(({ crashes, violations }) => violations.map((what) => ({ crashes, what }))),
  };
}

function countsOf(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
