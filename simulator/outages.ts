import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { readArguments } from '../scripts/options.ts';
import { isKind, KIND_NAMES } from './outages/kinds.ts';
import { type Measured, measure } from './outages/measure.ts';
import { blocksOf, summaryOf, withBlocks } from './outages/page.ts';
import { plotOf, type Series, seriesOf } from './outages/plot.ts';
import { rowsOf } from './outages/rows.ts';
import { runOutage } from './outages/run.ts';

const USAGE = `Usage: npm run outages -- [--seed <number>] [--json] [--write] [<kind> …]

Runs each kind of outage under load in a simulated world of three Regions, in virtual time, acts as its operator, and measures what
goes on, what waits and what is lost. The same seed gives the same numbers.
  <kind>   ${KIND_NAMES.join(', ')}; default all
  --seed   default 1
  --json   {seed, outages: [{kind, mode, phase, goesOn, waits, lost, rpo, rto, who, …}], kinds: […], plot: [{region, accepted, errors}]};
           times in milliseconds
  --write  writes docs/operations/outages.md and outages.svg: of all kinds, with seed 1`;

/** The seed of the page, and the kind that its plot is of. */
const PAGE_SEED = 1;
const PLOTTED = 'lost-for-good';

const { values, positionals } = readArguments(USAGE, {
  seed: { type: 'string', default: `${PAGE_SEED}` },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
const seed = Number(values.seed);
const kinds = positionals.length === 0 ? KIND_NAMES : positionals.filter(isKind);
const isUsable =
  Number.isSafeInteger(seed) && seed >= 0 && (positionals.length === 0 || kinds.length === positionals.length);
const isWritable = !values.write || (seed === PAGE_SEED && positionals.length === 0);
if (values.help || !isUsable || !isWritable) {
  process[values.help ? 'stdout' : 'stderr'].write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const all: Measured[] = [];
let plot: readonly Series[] = [];
let svg = '';
for (const kind of kinds) {
  const run = await runOutage(kind, seed);
  all.push(measure(run));
  if (kind === PLOTTED) [plot, svg] = [seriesOf(run), plotOf(run)];
  if (!values.json) process.stderr.write(`… ${kind}\n`);
}

if (values.write) {
  const page = fileURLToPath(new URL('../docs/operations/outages.md', import.meta.url));
  writeFileSync(page, withBlocks(readFileSync(page, 'utf8'), blocksOf(all)));
  writeFileSync(page.replace(/md$/, 'svg'), svg);
}
if (values.json) process.stdout.write(`${JSON.stringify({ seed, outages: all.flatMap(rowsOf), kinds: all, plot })}\n`);
else {
  const { head, rows } = summaryOf(all);
  const table = new Table({
    head,
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [30, ...Array(6).fill(14), 26, 12, 34],
  });
  table.push(...rows.map((row) => [...row]));
  process.stdout.write(`${table}\n`);
}
