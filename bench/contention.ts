import Table from 'cli-table3';
import { DECISIONS } from '../core/names.ts';
import { readOptions } from '../scripts/options.ts';
import { loads, type NamedLoad } from './contention/loads.ts';
import { type Ended, type Result, runLoad, type SceneOptions } from './contention/scene.ts';

const USAGE = `Usage: npm run contention -- [--json] [--seeds <number>] [--load <part of a name>]… [--decisions strong|eventual] [--links 20-50]

Runs transactions that compete for streams, in three simulated Regions and in virtual time, and prints how long they took.
  --seeds      how many seeds, from 1; default 5
  --load       only loads whose name contains this; may be repeated
  --decisions  default strong
  --links      milliseconds of one direction of a call between Regions, from and to; default 20-50
  --json       an array of {load, must, seeds, sent, committed, aborted, undecided, p50, p99, max, …} in milliseconds`;

const values = readOptions(USAGE, {
  json: { type: 'boolean', default: false },
  seeds: { type: 'string', default: '5' },
  load: { type: 'string', multiple: true, default: [] },
  decisions: { type: 'string', default: 'strong' },
  links: { type: 'string', default: '20-50' },
  help: { type: 'boolean', default: false },
});
const decisions = DECISIONS.find((kind) => kind === values.decisions);
const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(values.links) ?? [];
const seeds = Number(values.seeds);
const chosen = loads.filter(({ name }) => values.load.length === 0 || values.load.some((part) => name.includes(part)));
if (values.help || !decisions || from === '' || !Number.isSafeInteger(seeds) || seeds < 1 || chosen.length === 0) {
  process[values.help ? 'stdout' : 'stderr'].write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

/** The value that this part of the others does not exceed. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)] ?? 0;
}

function figuresOf(all: readonly Ended[]) {
  const times = all.filter(({ state }) => state === 'committed').map(({ took }) => took);
  times.sort((a, b) => a - b);
  const count = (state: Ended['state']) => all.filter((one) => one.state === state).length;
  return {
    sent: all.length,
    committed: times.length,
    aborted: count('aborted'),
    undecided: count('undecided'),
    refused: count('refused'),
    p50: Math.round(quantile(times, 0.5)),
    p99: Math.round(quantile(times, 0.99)),
    max: Math.round(times.at(-1) ?? 0),
  };
}

async function report({ name, must, load, functions = {} }: NamedLoad, options: Omit<SceneOptions, 'seed'>) {
  const results: Result[] = [];
  for (let seed = 1; seed <= seeds; seed++) results.push(await runLoad(load(seed), { ...options, functions, seed }));
  const transactions = figuresOf(results.flatMap((result) => result.transactions));
  const appends = figuresOf(results.flatMap((result) => result.appends));
  const writes = results.reduce((sum, result) => sum + result.writes, 0);
  const holds = results.flatMap((result) => result.holds).sort((a, b) => a - b);
  return {
    load: name,
    must,
    seeds,
    ...transactions,
    writesPerCommit: Number((writes / Math.max(1, transactions.committed)).toFixed(1)),
    marks: results.reduce((sum, result) => sum + result.marks, 0),
    hold: Math.round(quantile(holds, 0.5)),
    held: results.reduce((sum, result) => sum + result.held, 0),
    ...(appends.sent > 0 && { appends }),
  };
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(2);
}

type Figures = Awaited<ReturnType<typeof report>>;

/** The columns of the table; those that have a figure for the appends of a load, too. */
const columns: readonly (readonly [
  head: string,
  of: (figures: Figures) => string | number,
  ofAppends?: (appends: NonNullable<Figures['appends']>) => string | number,
])[] = [
  ['load', ({ load }) => load, () => '  its appends'],
  ['must', ({ must }) => must],
  ['sent', ({ sent }) => sent, ({ sent }) => sent],
  ['committed', ({ committed }) => committed, ({ committed }) => committed],
  ['aborted', ({ aborted }) => aborted],
  ['undecided', ({ undecided }) => undecided],
  ['p50 s', ({ p50 }) => seconds(p50), ({ p50 }) => seconds(p50)],
  ['p99 s', ({ p99 }) => seconds(p99), ({ p99 }) => seconds(p99)],
  ['max s', ({ max }) => seconds(max), ({ max }) => seconds(max)],
  ['writes', ({ writesPerCommit }) => writesPerCommit],
  ['marks', ({ marks }) => marks],
  ['hold s', ({ hold }) => seconds(hold)],
  ['held', ({ held }) => held],
];
const table = new Table({
  head: columns.map(([head]) => head),
  style: { head: [], border: [] },
  colAligns: columns.map((_, i) => (i < 2 ? 'left' : 'right')),
});

const reports: Figures[] = [];
for (const one of chosen) {
  const figures = await report(one, { decisions, links: [Number(from), Number(to)] });
  const { load, appends } = figures;
  reports.push(figures);
  table.push(columns.map(([, of]) => of(figures)));
  if (appends) table.push(columns.map(([, , ofAppends]) => ofAppends?.(appends) ?? ''));
  if (!values.json) process.stderr.write(`… ${load}\n`);
}
process.stdout.write(values.json ? `${JSON.stringify(reports)}\n` : `${table}\n`);
