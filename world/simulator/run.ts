// `npm run crash-sweep`: crashes a transaction at every possible point, and checks that the guarantees held.

import Table from 'cli-table3';
import { DECISIONS } from '../../core/names.ts';
import { readOptions } from '../../scripts/options.ts';
import { seeded } from '../time/randomness.ts';
import { type SweepOptions, type Swept, sweepOnce, sweepTwice } from './sweep.ts';

const USAGE = `Usage: npm run crash-sweep -- [--json] [--twice <histories>] [--seed <number>]

Runs transactions of 2, 3 and 5 participants in three simulated Regions, with strong and with eventual decisions; one of 3
participants in a single Region; and two that compete with a rival for the same streams, which is promised its outcome at
once. Each is repeated for every call of a port that it makes: before or after the call takes effect, the function crashes,
the state machines do, or both.
Takes about three minutes. Exit code 1: a guarantee was broken.
  --twice  additional runs of each with two crashes, at points drawn with the seed; default 0
  --seed   default 1
  --json   an array of {participants, decisions, oneRegion, rival, crashes, points, histories, outcomes, violations}`;

const values = readOptions(USAGE, {
  json: { type: 'boolean', default: false },
  twice: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}
const [twice, seed] = [Number(values.twice), Number(values.seed)];
if (!Number.isSafeInteger(twice) || twice < 0 || !Number.isSafeInteger(seed)) {
  process.stderr.write(`--twice and --seed must be whole numbers.\n${USAGE}\n`);
  process.exit(2);
}

const sweeps: readonly SweepOptions[] = [
  ...DECISIONS.flatMap((decisions) => [2, 3, 5].map((participants) => ({ participants, decisions }))),
  { participants: 3, decisions: 'strong', oneRegion: true },
  { participants: 2, decisions: 'strong', rival: true },
  { participants: 3, decisions: 'eventual', rival: true },
];
const begin = performance.now();
const random = seeded(seed);
const results: (Swept & { readonly crashes: 1 | 2 })[] = [];
for (const options of sweeps) {
  results.push({ ...(await sweepOnce(options)), crashes: 1 });
  if (twice > 0)
    results.push({ ...(await sweepTwice(options, twice, (count) => Math.floor(random() * count))), crashes: 2 });
}

if (values.json) {
  const reported = results.map(({ violations, ...result }) => ({
    ...result,
    violations: violations.length,
    ...(violations.length > 0 && { broken: violations }),
  }));
  process.stdout.write(`${JSON.stringify(reported)}\n`);
} else {
  const table = new Table({
    head: [
      'participants',
      'Regions',
      'decisions',
      'rival',
      'crashes',
      'points',
      'histories',
      'committed',
      'aborted',
      'never started',
      'violations',
    ],
    colAligns: ['right', 'left', 'left', 'left', 'right', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { participants, oneRegion, rival, decisions, crashes, points, histories, outcomes, violations } of results)
    table.push([
      participants,
      oneRegion ? 'one' : 'several',
      oneRegion ? '–' : decisions,
      rival ? 'yes' : 'no',
      crashes,
      points,
      histories,
      outcomes.committed ?? 0,
      outcomes.aborted ?? 0,
      outcomes.unknown ?? 0,
      violations.length,
    ]);
  const histories = results.reduce((sum, result) => sum + result.histories, 0);
  const broken = results.reduce((sum, { violations }) => sum + violations.length, 0);
  const seconds = Math.round((performance.now() - begin) / 1000);
  process.stdout.write(`${table}\n`);
  process.stdout.write(
    'points: before and after each call takes effect; histories: runs, one per point and process that can die there\n',
  );
  process.stdout.write(`${broken} guarantees broken in ${histories} histories, in ${seconds} s\n`);
  for (const { violations } of results)
    for (const { crashes, what } of violations.slice(0, 10))
      process.stdout.write(`${what}: ${JSON.stringify(crashes)}\n`);
}
process.exitCode = results.some(({ violations }) => violations.length > 0) ? 1 : 0;
