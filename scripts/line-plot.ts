const [WIDTH, PLOT, LEFT, RIGHT, BOTTOM] = [640, 300, 60, 20, 40] as const;
/** Height of a line of text. */
const LINE = 18;

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
  // The legend is above the lines, so that neither hides the other.
  const plotTop = LINE * (legend.length + 1.5);
  const height = plotTop + PLOT + BOTTOM;
  const points = lines.flatMap((line) => line.points);
  const furthest = Math.max(...points.map(([at]) => at));
  const highest = Math.max(...points.map(([, value]) => value));
  const x = (at: number): string => (LEFT + (at / furthest) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string => (height - BOTTOM - (value / highest) * (height - BOTTOM - plotTop)).toFixed(1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<path d="M${LEFT},${plotTop} V${height - BOTTOM} H${WIDTH - RIGHT}" fill="none" stroke="#888"/>`,
    ...marks.flatMap(({ at, text }) => [
      `<path d="M${x(at)},${plotTop} V${height - BOTTOM}" fill="none" stroke="#888" stroke-dasharray="2 3"/>`,
      `<text x="${x(at)}" y="${plotTop - 6}" text-anchor="middle">${text}</text>`,
    ]),
    ...lines.map((line) => {
      const dashes = line.dashed ? ' stroke-dasharray="6 4"' : '';
      const path = line.points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ');
      return `<polyline fill="none" stroke="${line.color}" stroke-width="2"${dashes} points="${path}"/>`;
    }),
    ...legend.map(({ color, text }, i) => `<text x="${LEFT}" y="${LINE * (i + 1)}" fill="${color}">${text}</text>`),
    ...ticks.map(({ at, text }) => `<text x="${x(at)}" y="${height - 20}" text-anchor="middle">${text}</text>`),
    `<text x="${LEFT - 6}" y="${plotTop + 4}" text-anchor="end">${top(highest)}</text>`,
    `<text x="${WIDTH / 2}" y="${height - 4}" text-anchor="middle">${xLabel}</text>`,
    '</svg>',
    '',
  ].join('\n');
}
