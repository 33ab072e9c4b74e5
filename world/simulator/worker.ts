// A thread of `npm run crash-sweep`: sweeps one scenario, and posts the results.

import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { seeded } from '../time/randomness.ts';
import { scenarios } from './scenarios.ts';
import { type Swept, sweepOnce, sweepTwice } from './sweep.ts';

const taskSchema = z.object({ scenario: z.number(), twice: z.number(), seed: z.number() });

/** What a thread does: the number of its scenario, from 0, and the options of the command. */
export type Task = z.infer<typeof taskSchema>;

/** Results with one crash, and with two if there are any. */
export type TaskResult = readonly (Swept & { readonly crashes: 1 | 2 })[];

const { scenario, twice, seed } = taskSchema.parse(workerData);
const options = scenarios[scenario]?.options;
const results: (Swept & { readonly crashes: 1 | 2 })[] = [];
if (options) {
  results.push({ ...(await sweepOnce(options)), crashes: 1 });
  const random = seeded(seed);
  if (twice > 0)
    results.push({ ...(await sweepTwice(options, twice, (count) => Math.floor(random() * count))), crashes: 2 });
}
const done: TaskResult = results;
parentPort?.postMessage(done);
