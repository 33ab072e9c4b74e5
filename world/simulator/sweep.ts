import type { CrashPoint } from './crash.ts';
import { type HistoryResult, runHistory } from './history.ts';
import type { HistoryOptions } from './scene.ts';

/** The result of a sweep with one number of participants. */
export interface Swept {
  readonly participants: number;
  readonly decisions: HistoryOptions['decisions'];
  readonly oneRegion: boolean;
  /** Whether a rival transaction used the same streams at the same time. */
  readonly rival: boolean;
  /** Number of points where a process died: before and after each call took effect. */
  readonly points: number;
  /** Number of runs: one without a crash, and one for every point and process that can die there. */
  readonly histories: number;
  /** How the transactions ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly crashes: readonly CrashPoint[]; readonly what: string }[];
}

export type SweepOptions = Omit<HistoryOptions, 'crashes'>;

/**
 * Runs a transaction once for every point at which one of its processes can die, and checks the result each time. These
 * are the points that a run without a crash reaches, including its recovery.
 * @param onHistory called after every run
 */
export async function sweepOnce(
  options: SweepOptions,
  onHistory: (done: number, all: number) => void = () => undefined,
): Promise<Swept> {
  const whole = await runHistory({ ...options, crashes: [] });
  const crashes = pointsOf(whole.calls.length).map((point) => [point]);
  const results: (readonly [readonly CrashPoint[], HistoryResult])[] = [[[], whole]];
  for (const points of crashes) {
    results.push([points, await runHistory({ ...options, crashes: points })]);
    onHistory(results.length, crashes.length + 1);
  }
  return summary(options, 2 * whole.calls.length, results);
}

/**
 * Runs a transaction with two crashes: one at any of its calls, the other at any later call, including those of
 * recovery.
 * @param choose picks a point, 0 to `count` - 1
 */
export async function sweepTwice(
  options: SweepOptions,
  histories: number,
  choose: (count: number) => number,
): Promise<Swept> {
  const whole = await runHistory({ ...options, crashes: [] });
  const firsts = pointsOf(whole.calls.length);
  const results: (readonly [readonly CrashPoint[], HistoryResult])[] = [];
  while (results.length < histories) {
    const first = firsts[choose(firsts.length)];
    if (!first) break;
    const { calls } = await runHistory({ ...options, crashes: [first] });
    const seconds = pointsOf(calls.length).filter(({ call }) => call > first.call);
    const second = seconds[choose(seconds.length)];
    const crashes = second ? [first, second] : [first];
    results.push([crashes, await runHistory({ ...options, crashes })]);
  }
  return summary(options, results.length, results);
}

const DEATHS = ['function', 'machines', 'function and machines'] as const;

/** Every combination of a call, before or after it, and the process that dies. */
function pointsOf(calls: number): readonly CrashPoint[] {
  return Array.from({ length: calls }, (_, i) =>
    (['before', 'after'] as const).flatMap((when) => DEATHS.map((dies) => ({ call: i + 1, when, dies }))),
  ).flat();
}

function summary(
  { participants, decisions, oneRegion = false, rival = false }: SweepOptions,
  points: number,
  results: readonly (readonly [readonly CrashPoint[], HistoryResult])[],
): Swept {
  const outcomes: Record<string, number> = {};
  for (const [, { outcome }] of results) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  return {
    participants,
    decisions,
    oneRegion,
    rival,
    points,
    histories: results.length,
    outcomes,
    violations: results.flatMap(([crashes, { violations }]) => violations.map((what) => ({ crashes, what }))),
  };
}
