import type { CrashPoint } from './crash.ts';
import { type HistoryResult, runHistory } from './history.ts';
import type { HistoryOptions } from './scene.ts';

/** What a sweep found for one number of participants. */
export interface Swept {
  readonly participants: number;
  readonly decisions: HistoryOptions['decisions'];
  readonly oneRegion: boolean;
  /** Whether another transaction wanted the same streams at once. */
  readonly rival: boolean;
  /** Places where a process died: each call, before it took effect and after. */
  readonly points: number;
  /** Runs: one without a crash, and one for every place and everything that may die there. */
  readonly histories: number;
  /** How the transactions ended. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly violations: readonly { readonly crashes: readonly CrashPoint[]; readonly what: string }[];
}

export type SweepOptions = Omit<HistoryOptions, 'crashes'>;

/**
 * Runs a transaction once for every place where a process of it can die, those of its recovery included as far as a run
 * without a crash has them, and checks what is left each time.
 * @param onHistory is called after every run
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
 * Runs a transaction with two crashes: at a place of it, and at one of all the calls that come after that, recovery's too.
 * @param choose which of the places to take, out of so many, 0 to `count` - 1
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

/** Every way to die at every call, on both sides of it. */
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
