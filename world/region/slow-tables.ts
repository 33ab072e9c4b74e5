import { type Random, randomBetween } from '../time/randomness.ts';
import { type Scheduler, sleepOn } from '../time/scheduler.ts';
import { type FaultyPorts, withMethods } from './faults.ts';

/** Milliseconds of a call of a table, close to AWS. */
const TABLE_MS = [3, 8] as const;

const SLOW: ReadonlySet<string> = new Set(['events', 'decisions', 'snapshots']);

/** Ports whose tables take a few milliseconds for each call, which takes effect in the middle of them. */
export function withSlowTables(ports: FaultyPorts, scheduler: Scheduler, random: Random): FaultyPorts {
  return withMethods(ports, (call, port) =>
    SLOW.has(port)
      ? async (...args) => {
          const milliseconds = randomBetween(random, TABLE_MS);
          await sleepOn(scheduler, milliseconds / 2);
          const result = await call(args);
          await sleepOn(scheduler, milliseconds / 2);
          return result;
        }
      : (...args) => call(args),
  );
}
