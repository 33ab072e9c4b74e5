import Table from 'cli-table3';
import { readOptions } from '../scripts/options.ts';
import { type Compared, runAll } from './baseline/compare.ts';
import { DESIGNS, isDesign } from './baseline/designs.ts';
import { WEATHERS } from './baseline/load.ts';

const USAGE = `Usage: npm run baseline -- [--seed <number>] [--runs <number>] [--json]

Runs the same appends with Meridian and with the usual design of an event store on a DynamoDB global table, in which all Regions
write one log of a stream, each if the next version is free in its own replica. The world is the simulator's, in virtual time: the
same seed gives the same numbers. Then it counts which acknowledged appends are still stored.
  --seed  of the first history; default 1
  --runs  number of histories for each state of the links, one seed after the other; default 100
  --json  an array of {design, links, histories, sent, acknowledged, lost, …}`;

const values = readOptions(USAGE, {
  seed: { type: 'string', default: '1' },
  runs: { type: 'string', default: '100' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
const [seed, runs] = [Number(values.seed), Number(values.runs)];
const isUsable = Number.isSafeInteger(seed) && seed >= 0 && Number.isSafeInteger(runs) && runs >= 1;
if (values.help || !isUsable) {
  process[values.help ? 'stdout' : 'stderr'].write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const rows: readonly (readonly [what: string, of: (compared: Compared) => number])[] = [
  ['histories', ({ histories }) => histories],
  ['appends sent', ({ sent }) => sent],
  ['acknowledged', ({ acknowledged }) => acknowledged],
  ['refused', ({ refused }) => refused],
  ['not answered', ({ unanswered }) => unanswered],
  ['acknowledged and lost', ({ lost }) => lost],
  ['  in every Region', ({ lostEverywhere }) => lostEverywhere],
  ['histories with a loss', ({ historiesWithLoss }) => historiesWithLoss],
  ['  by the checkers', ({ historiesJudgedLossy }) => historiesJudgedLossy],
  ['streams', ({ streams }) => streams],
  ['  whose Regions differ', ({ streamsThatDiffer }) => streamsThatDiffer],
];

const seeds = Array.from({ length: runs }, (_, i) => seed + i);
const all: Compared[] = [];
for (const links of WEATHERS)
  for (const design of Object.keys(DESIGNS).filter(isDesign)) {
    all.push(await runAll(design, links, seeds));
    if (!values.json) process.stderr.write(`… links: ${links}; ${DESIGNS[design]}\n`);
  }
process.stdout.write(values.json ? `${JSON.stringify(all)}\n` : `${WEATHERS.map(tableOf).join('\n')}\n`);

function tableOf(links: (typeof WEATHERS)[number]): string {
  const columns = all.filter((compared) => compared.links === links);
  const table = new Table({
    head: [`links: ${links}`, ...columns.map(({ design }) => DESIGNS[design])],
    style: { head: [], border: [] },
    colAligns: ['left', ...columns.map(() => 'right' as const)],
  });
  table.push(...rows.map(([what, of]) => [what, ...columns.map((compared) => of(compared).toLocaleString('en'))]));
  return table.toString();
}
