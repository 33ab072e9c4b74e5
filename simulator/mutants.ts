// `npm run mutants`: puts one fault after the other into the protocol, and shows that each is found.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { messageOf } from '../core/facts/errors.ts';
import { readArguments } from '../scripts/options.ts';
import { type Hunted, hunt } from './mutant/hunt.ts';
import { loadMutants, type Mutant, patchOf, remeasured } from './mutant/patches.ts';
import { tableOf, withTable } from './mutant/table.ts';

const USAGE = `Usage: npm run mutants -- [<name>…] [--jobs <number>] [--rewrite] [--json]

Puts one fault after the other into the protocol, in a copy of the sources, and runs histories from seed 1, or plays
scenarios, until a promise is broken. Before that it does the same without a fault. Without names it takes all patches in
mutants/. Exit code 1: a fault was not found within its histories, or the sources without a fault break a promise.
  --jobs     mutants at once; default 1
  --rewrite  states in the patches, and in docs/proof.md, what has found them now
  --json     {mutants: [{name, found, histories, equivalent, by, property, what}]}`;

/** The name of the run without a fault. */
const CONTROL = '(none)';
const PAGE = 'docs/proof.md';
const root = fileURLToPath(new URL('..', import.meta.url));

const { values, positionals } = readArguments(USAGE, {
  jobs: { type: 'string', default: '1' },
  rewrite: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}
const jobs = Number(values.jobs);
if (!Number.isSafeInteger(jobs) || jobs < 1) refuse(`--jobs must be a whole number above 0, not ${values.jobs}.`);

/** What one run has shown. */
interface Result extends Hunted {
  readonly name: string;
  readonly equivalent: boolean;
  readonly by: string;
  /** Whether it is as it should be: a fault is found, and nothing is if there is none, or if it changes nothing. */
  readonly isRight: boolean;
}

const all = loadMutants(root);
const unknown = positionals.filter((name) => !all.some((mutant) => mutant.name === name));
if (unknown.length > 0) refuse(`There is no mutant ${unknown.join(', ')}.`);
const chosen = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));

const results = await inTurns([
  ...controlsOf(chosen).map((control) => () => judge(control)),
  ...chosen.map((mutant) => () => judge(mutant)),
]);
if (values.rewrite) rewrite(results);
process.stdout.write(values.json ? `${JSON.stringify({ mutants: results })}\n` : `${shown(results)}\n`);
process.exitCode = results.every(({ isRight }) => isRight) ? 0 : 1;

type Task = Pick<Mutant, 'name' | 'finder' | 'where' | 'within' | 'equivalent'>;

/** The same histories and scenarios without a fault. */
function controlsOf(mutants: readonly Mutant[]): readonly Task[] {
  const simulated = mutants.filter(({ finder }) => finder === 'simulator');
  const played = new Set(
    mutants.filter(({ finder }) => finder === 'scenarios').flatMap(({ where }) => where.split(' ')),
  );
  const common = { name: CONTROL, equivalent: 'it is the control' };
  const controls = [...Map.groupBy(simulated, ({ where }) => where)].map(
    ([where, of]): Task => ({
      ...common,
      finder: 'simulator',
      where,
      within: Math.max(...of.map(({ within }) => within)),
    }),
  );
  const scenarios: Task = { ...common, finder: 'scenarios', where: [...played].join(' '), within: played.size };
  return played.size > 0 ? [...controls, scenarios] : controls;
}

async function judge(task: Task): Promise<Result> {
  const { name, finder, where } = task;
  const equivalent = task.equivalent !== undefined;
  const by = finder === 'simulator' ? `simulator, ${where}` : 'scenarios';
  try {
    const hunted = await hunt(root, task, name === CONTROL ? undefined : name);
    const { found, histories, property } = hunted;
    progress(
      `${name}: ${found ? `found in history ${histories}, ${property}` : `nothing in ${histories} histories`} (${by})`,
    );
    return { name, ...hunted, equivalent, by, isRight: found !== equivalent };
  } catch (error) {
    progress(`${name}: ${messageOf(error)}`);
    return { name, found: false, histories: 0, what: messageOf(error), equivalent, by, isRight: false };
  }
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Runs tasks, as many at once as there are jobs. @returns their results in the same order */
async function inTurns<T>(tasks: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const done: T[] = [];
  const entries = tasks.entries();
  const work = async (): Promise<void> => {
    for (const [i, task] of entries) done[i] = await task();
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return done;
}

function rewrite(results: readonly Result[]): void {
  for (const { name, found, property, histories } of results) {
    const mutant = all.find((each) => each.name === name);
    if (mutant && found && property !== undefined)
      writeFileSync(join(root, patchOf(name)), remeasured(mutant, property, histories));
  }
  const page = join(root, PAGE);
  writeFileSync(page, withTable(readFileSync(page, 'utf8'), tableOf(loadMutants(root))));
}

function shown(results: readonly Result[]): string {
  const table = new Table({
    head: ['mutant', 'found', 'histories', 'by', 'property'],
    style: { head: [], border: [] },
  });
  for (const { name, found, histories, by, property = '', equivalent, isRight } of results)
    table.push([
      name,
      `${found ? 'yes' : equivalent ? 'no, as it should be' : 'no'}${isRight ? '' : ' (!)'}`,
      histories,
      by,
      property,
    ]);
  const right = results.filter(({ isRight }) => isRight).length;
  return `${table}\n${right} of ${results.length} as it should be`;
}

function refuse(why: string): never {
  process.stderr.write(`${why}\n${USAGE}\n`);
  process.exit(2);
}
