import type { History } from '../checkers/history.ts';
import { silentTelemetry } from '../world/error-log.ts';
import { withSlowTables } from '../world/region/slow-tables.ts';
import { seeded } from '../world/time/randomness.ts';
import { sleepOn, VirtualScheduler } from '../world/time/scheduler.ts';
import { World } from '../world/world.ts';
import { Session } from './client.ts';
import { TYPES, workloadDomain } from './domain.ts';
import { observe } from './observe.ts';
import { Recorder } from './recorder.ts';
import { isOperation, type Operation, type Schedule } from './schedule.ts';
import { recordingSubscribers, SUBSCRIBERS } from './subscribers.ts';
import { cause, type Stage } from './trouble.ts';

/** A history, and what happened in it. */
export interface Ran {
  readonly history: History;
  readonly operations: number;
  /** How often each kind of fault happened. */
  readonly faults: ReadonlyMap<string, number>;
}

/**
 * Virtual milliseconds in which everything settles after the last fault: ten receives of a message, six minutes apart,
 * and an hour more.
 */
const SETTLE_MS = 2 * 60 * 60 * 1000;

/** Runs a history in its own world, in virtual time, until everything has settled. The same schedule runs in the same way every time. */
export async function runHistory(schedule: Schedule): Promise<Ran> {
  const stage = setStage(schedule);
  const { world, scheduler, recorder } = stage;
  const operations = schedule.steps.filter(isOperation);
  const troubles = schedule.steps.filter((step) => !isOperation(step));
  const causing = Promise.all(troubles.map((trouble) => cause(trouble, stage)));
  await scheduler.resolve(Promise.all([sendAll(operations, stage), causing]));
  world.weather.calm();
  world.healAll();
  await settle(stage);
  const transactions = recorder.history.flatMap((line) => (line.line === 'transact' ? [line.id] : []));
  await observe({ ...stage, streams: streamsOf(operations), transactions: [...new Set(transactions)] });
  return { history: recorder.history, operations: operations.length, faults: world.weather.counts };
}

function setStage({ seed, setting }: Schedule): Stage {
  const { regions, snapshots, invoke, slowTables, ...options } = setting;
  const scheduler = new VirtualScheduler();
  const recorder = new Recorder(scheduler, {
    ...{ line: 'history', format: 1, source: 'simulator', seed, types: TYPES, regions },
  });
  const random = seeded(seed + 2);
  const world = new World({
    ...options,
    ...{ domain: workloadDomain(snapshots), regions, scheduler, seed },
    latency: { invoke },
    // Processes fail on purpose: the checkers report what that breaks.
    telemetry: silentTelemetry,
    subscribers: recordingSubscribers(recorder),
    ...(slowTables && { withFaults: (_region, ports) => withSlowTables(ports, scheduler, random) }),
  });
  return { world, scheduler, recorder };
}

/** Sends every operation in its session, not before its time. Resolves when all are over. */
async function sendAll(operations: readonly Operation[], { world, scheduler, recorder }: Stage): Promise<void> {
  const sessions = new Map<string, Session>();
  const sent = operations.map(async (operation, i) => {
    await sleepOn(scheduler, operation.at);
    const name = operation.session;
    const session = sessions.get(name) ?? new Session({ world, scheduler, recorder, name });
    sessions.set(name, session);
    await session.send(operation, `op-${i + 1}`);
  });
  await Promise.all(sent);
}

/** Lets time pass until nothing is left to happen, and writes down how long that took. */
async function settle({ world, scheduler, recorder }: Stage): Promise<void> {
  const lastFault = recorder.now();
  const bound = SETTLE_MS;
  let limit = false;
  scheduler.after(bound, () => {
    limit = true;
  });
  await scheduler.runUntil(() => world.recovered || limit, bound + 1);
  const deadLetters = Object.fromEntries(
    [...world.regions.values()].flatMap((region): [string, number][] => [
      [`${region.name} projection`, region.projectionDeadLetters.bodies.length],
      [`${region.name} resolver`, region.resolverDeadLetters.bodies.length],
      [`${region.name} table stream`, region.tableStream.failures.length + region.decisionStream.failures.length],
      ...Object.keys(SUBSCRIBERS).map((name): [string, number] => [
        `${region.name} ${name}`,
        region.deadLettersOf(name).bodies.length,
      ]),
    ]),
  );
  recorder.add({ line: 'settled', lastFault, ...(world.recovered && { at: recorder.now() }), bound, deadLetters });
}

function streamsOf(operations: readonly Operation[]): readonly string[] {
  const names = operations.flatMap((operation) =>
    operation.kind === 'transact'
      ? [...operation.participants.map(({ stream }) => stream), ...operation.checks]
      : [operation.stream],
  );
  return [...new Set(names)].sort();
}
