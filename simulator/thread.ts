// A thread of `npm run simulate`: runs the seeds that it gets, and posts their histories.

import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';
import { isProfile, type ProfileName } from './plan.ts';
import { runSeed } from './run-seed.ts';

const taskSchema = z.object({
  profile: z.custom<ProfileName>((name) => typeof name === 'string' && isProfile(name)).optional(),
  operations: z.number(),
});
const { profile, operations } = taskSchema.parse(workerData);
const seedSchema = z.number();

parentPort?.on('message', async (message: unknown) => {
  const seed = seedSchema.parse(message);
  parentPort?.postMessage(await runSeed(seed, profile, operations));
});
