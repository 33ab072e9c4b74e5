import { linePlot, PLOT_COLORS } from '../../scripts/line-plot.ts';
import type { LoadTime } from './figures.ts';

/** The times of loads by commits as an SVG: dashed lines are before, solid ones after. */
export function plot(times: readonly LoadTime[]): string {
  const kinds = [...Map.groupBy(times, ({ logs }) => logs)].map(([logs, all], i) => ({
    ...{ logs, all, color: PLOT_COLORS[i] ?? 'black' },
  }));
  return linePlot({
    title: 'Time of a load by commits',
    x: 'commits',
    top: (longest) => `${Math.round(longest)} ms`,
    lines: kinds.flatMap(({ all, color }) => [
      { color, dashed: true, points: all.map(({ commits, before }) => [commits, before] as const) },
      { color, points: all.map(({ commits, after }) => [commits, after] as const) },
    ]),
    legend: kinds.map(({ logs, color }) => ({ color, text: `${logs} (dashed: before)` })),
    ticks: (kinds[0]?.all ?? []).map(({ commits }) => ({ at: commits, text: `${commits}` })),
  });
}
