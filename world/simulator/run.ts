// `npm run crash-sweep`: crashes a transaction at every possible point, and checks that the guarantees held.

import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import Table from 'cli-table3';
import { readOptions } from '../../scripts/options.ts';
import { lackingIn, type Scenario, scenarios, titleOf } from './scenarios.ts';
import type { Waits } from './waits.ts';
import type { Task, TaskResult } from './worker.ts';

const USAGE = `Usage: npm run crash-sweep -- [--json] [--twice <histories>] [--seed <number>]

Runs transactions in three simulated Regions, in virtual time: of 2, 3 and 5 participants, with strong and with eventual
decisions; one in a single Region; and several that compete with a rival for the same streams. The rival is a transaction
that is sent at once, an older or a younger one that is sent while the streams are held, or an append. The driver that
holds the streams dies or stalls in some, so that its rival ends its attempt. In one, every message, every request and
every execution of the state machine is duplicated.
Each is repeated for every call of a port that it makes: the function crashes, the state machines do, or both, before or
after the call takes effect. A read has no effect: it is crashed once. A process that waits repeats equal reads: it is
crashed at the first, the second and the last of them. With a rival, projections are not crashed. If everything is
duplicated, one of the three crashes at each call, in turn.
Takes about three minutes on two cores, and uses all cores. Exit code 1: a guarantee was broken, or a scenario lacks the waits that it is meant to have.
  --twice  additional runs of each with two crashes, at points drawn with the seed; default 0
  --seed   of the points that --twice draws; default 1
  --json   an array of {scenario, participants, decisions, …, crashes, points, histories, outcomes, rivals, waits, lacks,
           violations}`;

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

type Result = TaskResult[number] & {
  readonly scenario: Scenario;
  readonly lacks: readonly (keyof Waits)[];
};

const begin = performance.now();
const results = await sweepAll();
if (values.json) printJson();
else printTable();
process.exitCode = results.some(({ violations, lacks }) => violations.length + lacks.length > 0) ? 1 : 0;

/** Sweeps all scenarios, one in a thread at a time: as many threads as there are cores. */
async function sweepAll(): Promise<readonly Result[]> {
  const swept = scenarios.map((): readonly Result[] => []);
  const left = scenarios.entries();
  const work = async (): Promise<void> => {
    for (const [i, scenario] of left) {
      const found = await inThread({ scenario: i, twice, seed });
      swept[i] = found.map((one) => ({ ...one, scenario, lacks: lackingIn(scenario, one.waits.without) }));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return swept.flat();
}

function inThread(workerData: Task): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

function printJson(): void {
  const reported = results.map(({ scenario: { options }, violations, ...result }) => ({
    scenario: titleOf(options),
    ...options,
    ...result,
    violations: violations.length,
    ...(violations.length > 0 && { broken: violations }),
  }));
  process.stdout.write(`${JSON.stringify(reported)}\n`);
}

function printTable(): void {
  const kinds = ['marks', 'turns', 'earlyEnds', 'lateEnds'] as const;
  const numbers = ['crashes', 'points', 'histories', 'committed', 'aborted', 'never started'];
  const table = new Table({
    head: ['scenario', ...numbers, 'marks', 'turns', 'early ends', 'late ends', 'violations'],
    colAligns: ['left', ...Array.from({ length: 11 }, () => 'right' as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const { scenario, crashes, points, histories, outcomes, waits, violations } of results)
    table.push([
      titleOf(scenario.options),
      ...[crashes, points, histories, outcomes.committed ?? 0, outcomes.aborted ?? 0, outcomes.unknown ?? 0],
      ...kinds.map((kind) => (waits.all[kind] === 0 ? '–' : `${waits.without[kind]} / ${waits.all[kind]}`)),
      violations.length,
    ]);
  const histories = results.reduce((sum, result) => sum + result.histories, 0);
  const broken = results.reduce((sum, { violations }) => sum + violations.length, 0);
  const seconds = Math.round((performance.now() - begin) / 1000);
  const lines = [
    `${table}`,
    'points: before and after each call that has an effect, and at each read; histories: runs, one per point and process that can die there',
    'marks, turns, early and late ends: in the run without a crash / in all runs. A mark makes a transaction the next one to',
    'take a stream, a turn lets it wait while it holds nothing, and an early end aborts an attempt that held a stream for too',
    'long. A late end found that attempt committed.',
    `${broken} guarantees broken in ${histories} histories, in ${seconds} s`,
    ...results.flatMap(({ violations }) =>
      violations.slice(0, 10).map(({ crashes, what }) => `${what}: ${JSON.stringify(crashes)}`),
    ),
    ...results.flatMap(({ scenario, lacks }) => lacks.map((kind) => `${titleOf(scenario.options)}: has no ${kind}`)),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
