import type { History } from '../checkers/history.ts';
import { sendAll } from '../workload/send-all.ts';
import { clientsIn } from './ask.ts';
import type { Covered } from './coverage.ts';
import { observe } from './observe.ts';
import { sendOneByOne } from './one-by-one.ts';
import { isOperation, type Schedule } from './schedule.ts';
import { settle } from './settle.ts';
import { type Follow, type Stage, setStage, streamsOf } from './stage.ts';
import { cause } from './trouble.ts';

/** A history, and what happened in it. */
export interface Ran {
  readonly history: History;
  readonly operations: number;
  /** How often each kind of fault happened. */
  readonly faults: ReadonlyMap<string, number>;
  readonly covered: Covered;
}

/**
 * Runs a history in its own world, in virtual time, until everything has settled. The same schedule runs in the same way
 * every time.
 * @param afterwards looks at the world when the history has ended: what it does is no part of the history
 */
export async function runHistory(
  schedule: Schedule,
  follow?: Follow,
  afterwards?: (stage: Stage) => Promise<void>,
): Promise<Ran> {
  const stage = setStage(schedule, follow);
  const { scheduler, recorder } = stage;
  const operations = schedule.steps.filter(isOperation);
  const troubles = schedule.steps.filter((step) => !isOperation(step));
  const causing = Promise.all(troubles.map((trouble) => cause(trouble, stage)));
  if (schedule.setting.oneByOne) await sendOneByOne(operations, stage);
  else await scheduler.resolve(Promise.all([sendAll(operations, clientsIn(stage)), causing]));
  await settle(stage);
  await observe({ ...stage, streams: streamsOf(operations) });
  const ran = {
    history: recorder.history,
    operations: operations.length,
    faults: faultsOf(stage.world.weather.counts, recorder.history),
    covered: stage.covered(),
  };
  await afterwards?.(stage);
  return ran;
}

/** The faults by chance, and those of the schedule. */
function faultsOf(byChance: ReadonlyMap<string, number>, history: History): ReadonlyMap<string, number> {
  const counts = new Map(byChance);
  for (const line of history)
    if (line.line === 'fault' && !(line.details && 'rate' in line.details))
      counts.set(line.fault, (counts.get(line.fault) ?? 0) + 1);
  return counts;
}
