import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { v7 } from 'uuid';
import type { Runtime } from '../../core/index.ts';

/**
 * The process's own clock, randomness and ids.
 * @param telemetry records measurements, and logs unexpected errors
 * @param clockAhead compares the clock with the database's; needed by functions that write commits
 */
export function nodeRuntime(
  { metric, unexpected }: Pick<Runtime, 'metric' | 'unexpected'>,
  clockAhead: Runtime['clockAhead'] = () => 0,
): Runtime {
  return {
    now: Date.now,
    clockAhead,
    elapsed: () => performance.now(),
    sleep: (milliseconds) => sleep(milliseconds),
    random: Math.random,
    newId: () => v7(),
    digest: (text) => hash('sha256', text, 'base64url'),
    metric,
    unexpected,
  };
}
