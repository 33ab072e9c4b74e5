const [WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM] = [640, 360, 60, 20, 20, 40] as const;

/** What differs, each in its own colour. */
export const PLOT_COLORS = ['#1b6ca8', '#2e8b57', '#b03a2e'] as const;

export interface PlotLine {
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** @default false */
  readonly dashed?: boolean;
}

/** A value of the x axis that is named. */
interface Named {
  readonly at: number;
  readonly text: string;
}

export interface LinePlot {
  readonly title: string;
  /** What the x axis is. */
  readonly x: string;
  /** What the highest value of the y axis is called. */
  readonly top: (highest: number) => string;
  readonly lines: readonly PlotLine[];
  /** One line of text for each colour. */
  readonly legend: readonly { readonly color: string; readonly text: string }[];
  readonly ticks: readonly Named[];
  /** What happened at some values of the x axis. @default nothing */
  readonly marks?: readonly Named[];
}

/** Lines as an SVG. Both axes begin at 0. */
export function linePlot({ title, x: xLabel, top, lines, legend, ticks, marks = [] }: LinePlot): string {
  const points = lines.flatMap((line) => line.points);
  const furthest = Math.max(...points.map(([at]) => at));
  const highest = Math.max(...points.map(([, value]) => value));
  const x = (at: number): string => (LEFT + (at / furthest) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (HEIGHT - BOTTOM - (value / highest) * (HEIGHT - BOTTOM - TOP)).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<path d="M${LEFT},${TOP} V${HEIGHT - BOTTOM} H${WIDTH - RIGHT}" fill="none" stroke="#888"/>`,
    ...marks.flatMap(({ at, text }) => [
      `<path d="M${x(at)},${TOP} V${HEIGHT - BOTTOM}" fill="none" stroke="#888" stroke-dasharray="2 3"/>`,
      `<text x="${x(at)}" y="${TOP - 6}" text-anchor="middle">${text}</text>`,
    ]),
    ...lines.map((line) => {
      const dashes = line.dashed ? ' stroke-dasharray="6 4"' : '';
      const path = line.points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ');
      return `<polyline fill="none" stroke="${line.color}" stroke-width="2"${dashes} points="${path}"/>`;
    }),
    ...legend.map(
      ({ color, text }, i) => `<text x="${LEFT + 20}" y="${TOP + 10 + 18 * i}" fill="${color}">${text}</text>`,
    ),
    ...ticks.map(({ at, text }) => `<text x="${x(at)}" y="${HEIGHT - 20}" text-anchor="middle">${text}</text>`),
    `<text x="${LEFT - 6}" y="${TOP + 4}" text-anchor="end">${top(highest)}</text>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT - 4}" text-anchor="middle">${xLabel}</text>`,
    '</svg>',
    '',
  ].join('\n');
}
