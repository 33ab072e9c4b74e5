import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 } from 'uuid';
import type { Runtime } from '../../core/index.ts';

/** The process's own clock, randomness and ids. @param metric records a measurement */
export function nodeRuntime(metric: Runtime['metric']): Runtime {
  return {
    now: Date.now,
    elapsed: () => performance.now(),
    sleep: (milliseconds) => sleep(milliseconds),
    random: Math.random,
    newId: () => v7(),
    digest: (text) => hash('sha256', text, 'base64url'),
    metric,
  };
}
