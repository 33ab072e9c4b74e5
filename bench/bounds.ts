// `npm run bounds`: what one request reads and keeps, compared with the code before it was bounded.
import { writeFileSync } from 'node:fs';
import Table from 'cli-table3';
import { readOptions } from '../scripts/options.ts';
import { estimateFigures, loadTimes, pageFigure, projectFigure, waitFigure, warmFigure } from './bounds/figures.ts';
import { plot } from './bounds/plot.ts';

const USAGE = `Usage: npm run bounds -- [--json] [--svg <file>]

Measures queries, items, memory and time of the largest requests, compared with the code before they were bounded, in the same run.
  --svg   writes the load times as a plot
  --json  {figures: [{what, before, after, unit}], loads: [{logs, commits, before, after}]}, times in milliseconds of processor time`;

const SIZES = [1_000, 5_000, 10_000, 20_000, 30_000];

const values = readOptions(USAGE, {
  json: { type: 'boolean', default: false },
  svg: { type: 'string' },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}

const estimates = estimateFigures();
const [largest] = estimates;
const figures = [
  await pageFigure(),
  await waitFigure(),
  await projectFigure(),
  ...estimates,
  ...(largest ? [warmFigure(largest)] : []),
];
const loads = loadTimes(SIZES);
if (values.svg !== undefined) writeFileSync(values.svg, plot(loads));
if (values.json) process.stdout.write(`${JSON.stringify({ figures, loads })}\n`);
else {
  const table = new Table({ head: ['figure', 'before', 'after', 'unit'], style: { head: [], border: [] } });
  for (const { what, before, after, unit } of figures)
    table.push([what, before.toLocaleString('en'), after.toLocaleString('en'), unit]);
  const times = new Table({ head: ['load of', 'commits', 'before, ms', 'after, ms'], style: { head: [], border: [] } });
  for (const { logs, commits, before, after } of loads)
    times.push([logs, commits.toLocaleString('en'), before.toFixed(1), after.toFixed(1)]);
  process.stdout.write(`${table}\n${times}\n`);
}
