// `npm run fuzz`: odd inputs through every door.
import { readOptions } from '../../scripts/options.ts';
import { fuzz } from './run.ts';

const USAGE = `Usage: npm run fuzz -- [--inputs <number>] [--seed <number>] [--json]

Puts nearly right inputs through everything that reads what others send: requests, the bus, queues, streams of tables, operators'
actions, files, tokens and the context. Each is taken as it is, or refused with a reason: nothing fails with a 5xx or throws, nothing
acknowledged is altered, no input takes a second, and the heap does not grow. Exits with 1 if that does not hold.
  --inputs  default 100000
  --seed    the same seed makes the same inputs; default 1
  --json    {inputs, seed, doors: {name: n}, acknowledged, findings: [{door, input, what}], slowest: {ms, door, input}, heap: {inputs: MB}}`;

const values = readOptions(USAGE, {
  inputs: { type: 'string', default: '100000' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
});
const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
if (values.help || !Number.isSafeInteger(inputs) || inputs < 1 || !Number.isSafeInteger(seed)) {
  process[values.help ? 'stdout' : 'stderr'].write(`${USAGE}\n`);
  process.exit(values.help ? 0 : 2);
}

const SLOW_MS = 1_000;
const GROWTH = 1.1;

const heap = new Map<number, number>();
const result = await fuzz(inputs, seed, (count) => {
  if (count % 10_000 !== 0) return;
  globalThis.gc?.();
  heap.set(count, Math.round(process.memoryUsage().heapUsed / 100_000) / 10);
  if (!values.json) process.stderr.write(`… ${count}\n`);
});
const { findings, slowest, doors, acknowledged } = result;
const sizes = [...heap.values()];
const [first, last] = [sizes[0], sizes.at(-1)];
const hasGrown = first !== undefined && last !== undefined && last > first * GROWTH;
if (values.json) process.stdout.write(`${JSON.stringify({ ...result, heap: Object.fromEntries(heap) })}\n`);
else {
  for (const [door, count] of Object.entries(doors)) process.stdout.write(`${String(count).padStart(7)} ${door}\n`);
  for (const { door, input, what } of findings.slice(0, 20))
    process.stdout.write(`\n${door}: ${what}\n  ${input.slice(0, 2_000)}\n`);
  process.stdout.write(
    `${inputs} inputs (seed ${seed}): ${acknowledged} appends acknowledged and read again, ${findings.length} findings; the slowest took ${Math.round(slowest.ms)} ms (${slowest.door}); heap ${first ?? '-'} MB after 10,000, ${last ?? '-'} MB at the end.\n`,
  );
}
process.exitCode = findings.length > 0 || slowest.ms > SLOW_MS || hasGrown ? 1 : 0;
