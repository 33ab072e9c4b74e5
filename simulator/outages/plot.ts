import type { LineOf } from '../../checkers/history.ts';
import { linePlot, PLOT_COLORS } from '../../scripts/line-plot.ts';
import { REGIONS } from '../plan.ts';
import type { Run } from './run.ts';

/** The width of a column of a plot. */
const COLUMN_MS = 5_000;
const TICK_S = 30;

/** What each Region did, a second. */
export interface Series {
  readonly region: string;
  /** By time: seconds from the outage, in the middle of a column. */
  readonly accepted: readonly (readonly [seconds: number, perSecond: number])[];
  readonly errors: readonly (readonly [seconds: number, perSecond: number])[];
}

/** How many requests each Region accepted, and how many it failed, a second, by the time of the answer. */
export function seriesOf({ history, times }: Pick<Run, 'history' | 'times'>): readonly Series[] {
  const answered = history.filter(
    (line): line is LineOf<'append'> | LineOf<'transact'> =>
      (line.line === 'append' || line.line === 'transact') && line.end !== undefined,
  );
  const columns = Math.floor(times.finish / COLUMN_MS);
  const perSecond = (region: string, isOk: boolean) =>
    Array.from({ length: columns }, (_, i) => {
      const those = answered.filter(
        ({ region: asked, result, end = 0 }) =>
          asked === region && (result === 'ok') === isOk && Math.floor(end / COLUMN_MS) === i,
      );
      const middle = (i + 0.5) * COLUMN_MS - times.start;
      return [middle / 1_000, (those.length * 1_000) / COLUMN_MS] as const;
    });
  return REGIONS.map((region) => ({
    ...{ region, accepted: perSecond(region, true), errors: perSecond(region, false) },
  }));
}

/** The same as an SVG: solid lines are what was accepted, dashed ones errors. */
export function plotOf(run: Pick<Run, 'history' | 'times'>): string {
  const { start, command = start, finish } = run.times;
  const shifted = (points: Series['accepted']) =>
    points.map(([seconds, value]) => [seconds + start / 1_000, value] as const);
  const all = seriesOf(run).map((series, i) => ({ ...series, color: PLOT_COLORS[i] ?? 'black' }));
  const seconds = Array.from({ length: Math.floor(finish / 1_000 / TICK_S) + 1 }, (_, i) => i * TICK_S);
  return linePlot({
    title: 'Commits and errors a second by Region, through the loss of a Region and the failover',
    x: 'seconds',
    top: (highest) => `${highest.toFixed(1)} / s`,
    lines: all.flatMap(({ color, accepted, errors }) => [
      { color, points: shifted(accepted) },
      { color, dashed: true, points: shifted(errors) },
    ]),
    legend: all.map(({ region, color }) => ({ color, text: `${region} (dashed: errors)` })),
    ticks: seconds.map((at) => ({ at, text: `${at}` })),
    marks: [
      { at: start / 1_000, text: 'lost' },
      { at: command / 1_000, text: 'failover' },
    ],
  });
}
