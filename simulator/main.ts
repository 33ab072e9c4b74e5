// `npm run simulate`: runs histories in all weathers, in virtual time, and checks what clients saw and what is stored.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOptions } from '../scripts/options.ts';
import { isProfile, PROFILE_NAMES, PROFILES, type ProfileName, REGIONS } from './plan.ts';
import { type Checked, runSchedule, runSeed, shrunk } from './run-seed.ts';
import { type Schedule, scheduleSchema } from './schedule.ts';
import type { Follow } from './stage.ts';
import { Summary } from './summary.ts';
import { inThreads } from './threads.ts';
import { stepInWords, timeline } from './timeline.ts';
import { Lanes, Pace } from './watch.ts';

const USAGE = `Usage: npm run simulate -- [--seed <number>] [--runs <number>] [--minutes <number>] [--profile <name>] [--jobs <number>] [--json]

Runs histories: clients append, read and transact in a world of three Regions in virtual time, while links, tables,
processes, messages and clocks fail. Each history is drawn from its seed, and happens in the same way every time. Then
the checkers judge it: they know what was asked, what was answered and what is stored, and nothing of the engine.
Exit code 1: a promise was broken. The smallest schedule that breaks it is in .simulator/, with the command that repeats it.
  --seed        of the first history; default 1
  --runs        number of histories, one seed after the other; default 200
  --minutes     runs as many as fit into this time instead. Ctrl-C ends earlier: it reports what ran until then
  --profile     what goes wrong; default: each in turn. One of
${PROFILE_NAMES.map((name) => `                  ${name.padEnd(12)}${isProfile(name) ? PROFILES[name].why : ''}`).join('\n')}
  --operations  number of operations of a history; default 50
  --jobs        number of threads; default 1
  --schedule    runs the schedule in this file instead
  --first       ends at the first broken promise, without looking for a smaller schedule
  --watch       shows what happens, event by event, with lanes for the Regions, the links and the logs; space: step,
                enter: go on, + and -: faster and slower, q: quit. With --json: as JSON lines
  --history     writes the last history to this file, as JSON lines: docs/internals/histories.md
  --json        {histories, operations, seconds, faults, coverage, violations, seed}`;

const values = readOptions(USAGE, {
  seed: { type: 'string', default: '1' },
  runs: { type: 'string' },
  minutes: { type: 'string' },
  profile: { type: 'string' },
  operations: { type: 'string', default: '50' },
  jobs: { type: 'string', default: '1' },
  schedule: { type: 'string' },
  history: { type: 'string' },
  first: { type: 'boolean', default: false },
  watch: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}

/** Where failed schedules are kept. */
const FOLDER = '.simulator';
/** Histories if neither their number nor a time is given. */
const RUNS = 200;

const seed = wholeNumber('seed', values.seed);
const minutes = values.minutes === undefined ? undefined : positive('minutes', values.minutes);
const runs = values.runs === undefined ? (minutes === undefined ? RUNS : undefined) : wholeNumber('runs', values.runs);
const jobs = wholeNumber('jobs', values.jobs) || refuse('--jobs must be at least 1.');
const operations = wholeNumber('operations', values.operations);
const profile = profileNamed(values.profile);
const summary = new Summary(seed, { isQuiet: values.json });
let isStopped = false;
// A signal may come twice: from the terminal, and passed on by the process that started this one.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    isStopped = true;
  });

if (values.schedule === undefined) await runAll();
else await report(await runSchedule(scheduleIn(values.schedule), followed()));
summary.end();
if (!values.watch) process.stdout.write(values.json ? `${JSON.stringify(summary)}\n` : `${summary.text()}\n`);
process.exitCode = summary.violations.length > 0 ? 1 : 0;

async function runAll(): Promise<void> {
  const end = minutes === undefined ? undefined : performance.now() + minutes * 60_000;
  const next = seeds(end);
  if (jobs > 1) await inThreads(jobs, next, { profile, operations }, report);
  else for (const each of next) await report(await runSeed(each, profile, operations, followed()));
}

/** Shows the events of a history, or prints them as JSON lines; undefined: it is not watched. */
function followed(): Follow | undefined {
  if (!values.watch) return undefined;
  if (values.json) return { trace: (event) => process.stdout.write(`${JSON.stringify(event)}\n`) };
  const lanes = new Lanes(REGIONS);
  process.stdout.write(lanes.head());
  const pace = new Pace(process.stdin);
  let isShown = false;
  return {
    trace: (event) => {
      const text = lanes.show(event);
      isShown = text !== undefined;
      if (isShown) process.stdout.write(`${text}\n`);
    },
    pace: () => (isShown ? pace.wait() : undefined),
  };
}

function scheduleIn(file: string): Schedule {
  try {
    return scheduleSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    return refuse(`${file} has no schedule: ${error instanceof Error ? error.message : error}`);
  }
}

/** The seeds to run, until their number or the time is reached, or a signal stops the process. */
function* seeds(end: number | undefined): Generator<number> {
  for (let i = 0; runs === undefined || i < runs; i++) {
    if (isStopped || (end !== undefined && performance.now() >= end)) return;
    if (values.first && summary.violations.length > 0) return;
    yield seed + i;
  }
}

async function report(checked: Checked): Promise<void> {
  summary.add(checked);
  if (values.history !== undefined)
    writeFileSync(values.history, `${checked.history.map((line) => JSON.stringify(line)).join('\n')}\n`);
  if (checked.violations.length > 0) await explain(checked);
}

/** Makes a failed schedule smaller, keeps it, and shows what happened. */
async function explain(checked: Checked): Promise<void> {
  const { schedule } = checked;
  const isSmall = values.first || values.schedule !== undefined;
  const small = isSmall ? checked : await runSchedule(await shrunk(checked));
  const file = join(FOLDER, `${schedule.profile}-${schedule.seed}.json`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(file, `${JSON.stringify(small.schedule, undefined, 2)}\n`);
  const found = small.violations.length > 0 ? small.violations : checked.violations;
  const lines = [
    `seed ${schedule.seed}, profile ${schedule.profile}: a promise was broken`,
    ...found.slice(0, 5).map(({ property, what }) => `  ${property}: ${what}`),
    ...(found.length > 5 ? [`  … and ${found.length - 5} more`] : []),
    `${schedule.steps.length} steps, of which these ${small.schedule.steps.length} are enough (decisions: ${schedule.setting.decisions}):`,
    ...small.schedule.steps.map((step) => `  ${stepInWords(step)}`),
    timeline(small.history, found),
    `Again: npm run simulate -- --schedule ${file}`,
    `The whole history: npm run simulate -- --seed ${schedule.seed} --runs 1 --profile ${schedule.profile} --operations ${operations}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(number) && number >= 0) return number;
  return refuse(`--${name} must be a whole number, not ${text}.`);
}

function positive(name: string, text: string): number {
  const number = Number(text);
  return number > 0 && number < Number.POSITIVE_INFINITY ? number : refuse(`--${name} must be above 0, not ${text}.`);
}

function profileNamed(name: string | undefined): ProfileName | undefined {
  if (name === undefined || isProfile(name)) return name;
  return refuse(`There is no profile ${name}. Profiles: ${PROFILE_NAMES.join(', ')}.`);
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n${USAGE}\n`);
  process.exit(2);
}
