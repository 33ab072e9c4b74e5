// `npm run model`: checks the models by random traces.

import { availableParallelism } from 'node:os';
import Table from 'cli-table3';
import { readOptions } from '../scripts/options.ts';
import { type Model, models } from './models.ts';
import { runTests, type Simulated, simulate, typecheck } from './quint.ts';

const USAGE = `Usage: npm run model -- [--seed <number>] [--traces <number>] [--steps <number>] [--json]

Checks the models in spec/: their types, their own tests, and their invariants in random traces. Then turns off one rule at a
time, and checks that the invariants notice it within a stated number of traces. This is random, not exhaustive: a violation that
no trace met may exist. docs/internals/model.md says what is modelled.
Exit code 1: an invariant is violated, a condition that traces have to reach was not reached, or a broken model was not caught.
  --seed    of the first trace; default 1
  --traces  of each instance; default 500
  --steps   of each trace; default: as the model states
  --json    {seed, exhaustive: false, faults, models: [{file, main, invariants, traces, steps, seconds, rate, violated, reached,
            unreached}], broken: [{file, main, violates, within, traces, violated, caught}]}`;

const values = readOptions(USAGE, {
  seed: { type: 'string', default: '1' },
  traces: { type: 'string', default: '500' },
  steps: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit();
}
const [seed, traces] = [Number(values.seed), Number(values.traces)];
const steps = values.steps === undefined ? undefined : Number(values.steps);
if (!Number.isSafeInteger(seed) || ![traces, steps ?? 1].every((count) => Number.isSafeInteger(count) && count > 0)) {
  process.stderr.write(`--seed, --traces and --steps must be whole numbers, the last two above 0.\n${USAGE}\n`);
  process.exit(2);
}

interface Checked extends Simulated {
  readonly file: string;
  readonly main: string;
  readonly invariants: readonly string[];
  readonly steps: number;
  /** Traces per second. */
  readonly rate: number;
  /** What no trace reached. */
  readonly unreached: readonly string[];
}

interface Caught extends Pick<Simulated, 'traces' | 'violated'> {
  readonly file: string;
  readonly main: string;
  readonly violates: string;
  readonly within: number;
  readonly caught: boolean;
}

const faults: string[] = [];
const checked: Checked[] = [];
const broken: Caught[] = [];
await inParallel(models.flatMap(tasksOf));
if (values.json)
  process.stdout.write(`${JSON.stringify({ seed, exhaustive: false, faults, models: checked, broken }, null, 2)}\n`);
else print();
const isSound = checked.every(({ violated, unreached }) => violated.length + unreached.length === 0);
process.exitCode = faults.length === 0 && isSound && broken.every(({ caught }) => caught) ? 0 : 1;

function tasksOf(model: Model): readonly (() => Promise<void>)[] {
  const { file, invariants } = model;
  return [
    async () => {
      const fault = await typecheck(file);
      if (fault) faults.push(fault);
    },
    ...(model.counterexamples ?? []).map((main) => () => test(file, main)),
    ...model.instances.map(({ main, reached }) => async () => {
      await test(file, main);
      const of = { file, main, invariants, reached, traces, steps: steps ?? model.steps, seed };
      const result = await simulate(of);
      const rate = Number((result.traces / result.seconds).toFixed(1));
      const unreached = result.violated.length > 0 ? [] : reached.filter((name) => !result.reached[name]);
      checked.push({ ...result, file, main, invariants, steps: of.steps, rate, unreached });
    }),
    ...model.broken.map(({ main, violates, within }) => async () => {
      const reached = [violates];
      const of = { file, main, invariants, reached, traces: within, steps: model.steps, seed };
      const { violated, traces: run } = await simulate(of);
      broken.push({ file, main, violates, within, traces: run, violated, caught: violated.includes(violates) });
    }),
  ];
}

async function test(file: string, main: string): Promise<void> {
  const { failed } = await runTests(file, main);
  faults.push(...failed.map((name) => `${file}: the test ${name} of ${main} fails`));
}

async function inParallel(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  const left = tasks.values();
  const work = async (): Promise<void> => {
    for (const task of left) await task();
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

const plain = { style: { head: [], border: [], compact: true } };

function print(): void {
  const table = new Table({ head: ['model', 'invariant', 'traces', 'steps', 'seed', 'traces/s', 'result'], ...plain });
  for (const { file, main, invariants, violated, ...run } of checked)
    for (const name of invariants) {
      const result = violated.includes(name) ? 'VIOLATED' : 'holds';
      table.push([`${file} ${main}`, name, run.traces, run.steps, seed, run.rate, result]);
    }
  const variants = new Table({ head: ['broken model', 'traces until caught', 'within', 'violates'], ...plain });
  for (const { file, main, caught, within, violated, traces: run } of broken)
    variants.push([`${file} ${main}`, caught ? run : 'NOT CAUGHT', within, violated.join(', ')]);
  const reached = checked.flatMap(({ main, reached: counts, unreached }) => [
    `${main}: ${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    ...unreached.map((name) => `${main}: NO TRACE REACHED ${name}`),
  ]);
  const lines = [table, 'Traces that reached a condition:', ...reached, '', variants, ...faults];
  process.stdout.write(
    `${lines.join('\n')}\nRandom traces, not an exhaustive search: a violation that no trace met may exist.\n`,
  );
}
