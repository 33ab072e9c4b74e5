import type { History } from '../../checkers/history.ts';
import { streamTypeOf } from '../../core/definition/domain.ts';
import { sendAll } from '../../workload/send-all.ts';
import { useOf } from '../../workload/workload.ts';
import { workload } from '../domain.ts';
import { shown } from '../observe.ts';
import { runHistory } from '../run-history.ts';
import { isOperation, type Schedule } from '../schedule.ts';
import { settle } from '../settle.ts';
import { type Stage, setStage, streamsOf } from '../stage.ts';
import { cause } from '../trouble.ts';
import { sharedLogServers, type WrittenIn } from './servers.ts';
import { loadShared, SHARED, stateOf } from './shared-log.ts';

/** The designs that are compared. */
export const DESIGNS = {
  meridian: 'Meridian',
  shared: 'one log, all Regions write',
  home: 'one log, one Region writes',
} as const;
export type Design = keyof typeof DESIGNS;

export function isDesign(name: string): name is Design {
  return Object.hasOwn(DESIGNS, name);
}

/** Runs the steps of a schedule with a design, in its own world, until everything has settled. */
export async function runDesign(design: Design, schedule: Schedule): Promise<History> {
  if (design === 'meridian') return (await runHistory(schedule)).history;
  return runShared(schedule, design === 'home' ? 'one-region' : 'any-region');
}

async function runShared(schedule: Schedule, writtenIn: WrittenIn): Promise<History> {
  const stage = setStage(schedule, undefined);
  const { scheduler, recorder } = stage;
  const operations = schedule.steps.filter(isOperation);
  const troubles = schedule.steps.filter((step) => !isOperation(step));
  const clients = { workload, recorder, surroundings: sharedLogServers(stage, writtenIn) };
  const sending = sendAll(operations, clients);
  await scheduler.resolve(Promise.all([sending, ...troubles.map((trouble) => cause(trouble, stage))]));
  await settle(stage);
  for (const stream of streamsOf(operations)) await observeShared(stage, stream);
  return recorder.history;
}

/** Writes down what every Region stores of a stream in the end, and what it folds to. */
async function observeShared({ world, recorder }: Stage, stream: string): Promise<void> {
  for (const region of world.regions.values()) {
    const commits = await loadShared(region, stream);
    const state = stateOf(streamTypeOf(region.domain, stream.slice(0, stream.indexOf('/'))), commits);
    recorder.add({
      ...{ line: 'replica', region: region.name, stream, commits: commits.map(shown) },
      version: { [SHARED]: commits.at(-1)?.position ?? 0 },
      state: useOf(workload, stream).state(state),
    });
  }
}
