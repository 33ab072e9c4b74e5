import type { LoadTime } from './figures.ts';

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 360, 60, 40];
const COLORS = ['#1b6ca8', '#2e8b57', '#b03a2e'];

/** The times of loads by commits as an SVG: dashed lines are before, solid ones after. */
export function plot(times: readonly LoadTime[]): string {
  const most = Math.max(...times.map(({ commits }) => commits));
  const longest = Math.max(...times.flatMap(({ before, after }) => [before, after]));
  const x = (commits: number): string => (LEFT + (commits / most) * (WIDTH - LEFT - 20)).toFixed(1);
  const y = (time: number): string => (HEIGHT - BOTTOM - (time / longest) * (HEIGHT - BOTTOM - 20)).toFixed(1);
  const kinds = [...Map.groupBy(times, ({ logs }) => logs)];
  const lines = kinds.flatMap(([logs, all], i) => {
    const points = (of: 'before' | 'after') => all.map((time) => `${x(time.commits)},${y(time[of])}`).join(' ');
    const line = `fill="none" stroke="${COLORS[i]}" stroke-width="2"`;
    return [
      `<polyline ${line} stroke-dasharray="6 4" points="${points('before')}"/>`,
      `<polyline ${line} points="${points('after')}"/>`,
      `<text x="${LEFT + 20}" y="${30 + 18 * i}" fill="${COLORS[i]}">${logs} (dashed: before)</text>`,
    ];
  });
  const ticks = times
    .filter(({ logs }) => logs === kinds[0]?.[0])
    .map(({ commits }) => `<text x="${x(commits)}" y="${HEIGHT - 20}" text-anchor="middle">${commits}</text>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<title>Time of a load by commits</title>',
    `<path d="M${LEFT},20 V${HEIGHT - BOTTOM} H${WIDTH - 20}" fill="none" stroke="#888"/>`,
    ...lines,
    ...ticks,
    `<text x="${LEFT - 6}" y="24" text-anchor="end">${Math.round(longest)} ms</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 4}" text-anchor="middle">commits</text>`,
    '</svg>',
    '',
  ].join('\n');
}
