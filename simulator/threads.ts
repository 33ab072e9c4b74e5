import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ProfileName } from './plan.ts';
import type { Checked } from './run-seed.ts';

/** How a thread runs the seeds that it gets. */
export interface Task {
  readonly profile: ProfileName | undefined;
  readonly operations: number;
}

/**
 * Runs seeds in threads, each as soon as a thread is free.
 * @param done gets every history when it is checked
 */
export async function inThreads(
  threads: number,
  seeds: Iterable<number>,
  task: Task,
  done: (checked: Checked) => Promise<void>,
): Promise<void> {
  const iterator = seeds[Symbol.iterator]();
  // One iterator for all threads: each takes the next seed that is left.
  const left = { [Symbol.iterator]: () => iterator };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: task });
    const failed = once(worker, 'error').then(([error]) => Promise.reject(error));
    failed.catch(() => undefined);
    try {
      for (const seed of left) {
        worker.postMessage(seed);
        const [checked]: Checked[] = await Promise.race([once(worker, 'message'), failed]);
        if (checked) await done(checked);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
}
