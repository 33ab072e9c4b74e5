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
  seeds: Iterator<number> & Iterable<number>,
  task: Task,
  done: (checked: Checked) => Promise<void>,
): Promise<void> {
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: task });
    try {
      for (let next = seeds.next(); !next.done; next = seeds.next()) await done(await ask(worker, next.value));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
}

function ask(worker: Worker, seed: number): Promise<Checked> {
  return new Promise((resolve, reject) => {
    const settle = (how: () => void): void => {
      worker.removeAllListeners();
      how();
    };
    worker.once('message', (checked: Checked) => settle(() => resolve(checked)));
    worker.once('error', (error) => settle(() => reject(error)));
    worker.postMessage(seed);
  });
}
