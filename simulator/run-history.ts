import type { Effect, History, Line } from '../checkers/history.ts';
import type { Operation } from '../workload/operation.ts';
import { Recorder } from '../workload/recorder.ts';
import { sendAll } from '../workload/send-all.ts';
import { Session, type SessionOptions } from '../workload/session.ts';
import { typesOf } from '../workload/workload.ts';
import { silentTelemetry } from '../world/error-log.ts';
import { withSlowTables } from '../world/region/slow-tables.ts';
import { seeded } from '../world/time/randomness.ts';
import { VirtualScheduler } from '../world/time/scheduler.ts';
import { World } from '../world/world.ts';
import { inWorld } from './ask.ts';
import { DOMAINS, workload } from './domain.ts';
import { homeOf, Meter, mostOf } from './meter.ts';
import { observe } from './observe.ts';
import { Operator } from './operator.ts';
import { ONE_WAY_MS } from './plan.ts';
import { isOperation, type Schedule } from './schedule.ts';
import { recordingSubscribers, SUBSCRIBERS } from './subscribers.ts';
import { type Trace, traced } from './trace.ts';
import { cause, type Stage } from './trouble.ts';

/** A history, and what happened in it. */
export interface Ran {
  readonly history: History;
  readonly operations: number;
  /** How often each kind of fault happened. */
  readonly faults: ReadonlyMap<string, number>;
  /** Which function called which port, and what came of it. */
  readonly coverage: readonly string[];
}

/**
 * Virtual milliseconds in which everything settles after the last fault: ten receives of a message, six minutes apart,
 * and an hour more.
 */
const SETTLE_MS = 2 * 60 * 60 * 1000;

/** How a history can be followed as it happens. */
export interface Follow {
  readonly trace: Trace;
  /** Called after every event: time stands still until what it returns has resolved. */
  readonly pace?: () => Promise<void> | undefined;
}

/**
 * Runs a history in its own world, in virtual time, until everything has settled. The same schedule runs in the same way
 * every time.
 */
export async function runHistory(schedule: Schedule, follow?: Follow): Promise<Ran> {
  const stage = setStage(schedule, follow);
  const { world, scheduler, recorder } = stage;
  const operations = schedule.steps.filter(isOperation);
  const troubles = schedule.steps.filter((step) => !isOperation(step));
  const causing = Promise.all(troubles.map((trouble) => cause(trouble, stage)));
  if (schedule.setting.oneByOne) await sendOneByOne(operations, stage);
  else await scheduler.resolve(Promise.all([sendAll(operations, clientsOf(stage)), causing]));
  const lastFault = recorder.now();
  world.weather.calm();
  world.healAll();
  await settle(stage);
  if (await repair(stage)) await settle(stage);
  addSettled(stage, lastFault);
  const transactions = recorder.history.flatMap((line) => (line.line === 'transact' ? [line.id] : []));
  await observe({ ...stage, streams: streamsOf(operations), transactions: [...new Set(transactions)] });
  return {
    history: recorder.history,
    operations: operations.length,
    faults: world.weather.counts,
    coverage: [...stage.coverage],
  };
}

function setStage({ seed, setting, steps }: Schedule, follow: Follow | undefined): Theatre {
  const { regions, snapshots, invoke, slowTables, oneByOne, ...options } = setting;
  const meter = new Meter();
  const scheduler = new VirtualScheduler();
  const start = scheduler.now();
  const now = () => scheduler.now() - start;
  const trace = follow && pacedTrace(follow, scheduler);
  const header = { line: 'history', format: 1, source: 'simulator', seed, types: typesOf(workload) } as const;
  const onLine = (line: Line): void => trace?.({ event: 'line', at: now(), line: { ...line } });
  const recorder = new Recorder(
    () => scheduler.now(),
    { ...header, regions: [...regions], homes: homesOf(steps) },
    onLine,
  );
  const random = seeded(seed + 2);
  const world = new World({
    ...options,
    ...{ domain: snapshots ? DOMAINS.snapshots : DOMAINS.plain, regions, scheduler, seed },
    latency: { invoke },
    // Processes fail on purpose: the checkers report what that breaks.
    telemetry: silentTelemetry,
    subscribers: recordingSubscribers(recorder),
    withFaults: (region, ports, _exit, of) => {
      const own = trace ? traced(ports, trace, { region, of, now }) : ports;
      const counted = oneByOne ? meter.around(own, of) : own;
      return slowTables ? withSlowTables(counted, scheduler, random) : counted;
    },
  });
  const coverage = new Set<string>();
  world.onPortCall = (_region, of, method, outcome) => coverage.add(`${of} ${method} ${outcome}`);
  return { world, scheduler, recorder, meter, coverage };
}

/** A stage, with what is counted on it. */
interface Theatre extends Stage {
  readonly meter: Meter;
  /** Which function called which port, and what came of it. */
  readonly coverage: Set<string>;
}

function pacedTrace({ trace, pace }: Follow, scheduler: VirtualScheduler): Trace {
  return (event) => {
    trace(event);
    const wait = pace?.();
    if (wait) scheduler.hold(wait);
  };
}

/** What the clients of a history have in common. */
function clientsOf(stage: Stage): Omit<SessionOptions, 'name'> {
  return { workload, surroundings: inWorld(stage), recorder: stage.recorder };
}

/** Sends each operation, warm if the one before was of the same stream, when nothing is left to happen, and counts what it takes. */
async function sendOneByOne(operations: readonly Operation[], stage: Theatre): Promise<void> {
  const { world, scheduler, recorder, meter } = stage;
  const session = new Session({ ...clientsOf(stage), name: 's' });
  for (const [i, operation] of operations.entries())
    for (const isWarm of [false, true]) {
      if (!isWarm) for (const region of world.regions.values()) region.restart();
      meter.take();
      const begin = scheduler.now();
      const before = recorder.history.length;
      const sent = isWarm ? withOtherValues(operation) : operation;
      await scheduler.resolve(session.send(sent, `op-${i + 1}${isWarm ? '-again' : ''}`));
      const roundTrips = Math.round((scheduler.now() - begin) / (2 * ONE_WAY_MS));
      await scheduler.runUntil(() => world.idle);
      for (const line of recorder.history.slice(before))
        if (line.line === 'append' || line.line === 'read' || line.line === 'transact')
          recorder.add({
            ...{ line: 'cost', op: line.op, of: line.line, warm: isWarm, roundTrips, ...meter.take() },
            most: mostOf(line, isWarm),
          });
    }
}

/** The same operation with other values: every value is written once. */
function withOtherValues(operation: Operation): Operation {
  switch (operation.kind) {
    case 'append':
      return { ...operation, effect: otherValue(operation.effect) };
    case 'transact': {
      const participants = operation.participants.map((part) => ({ ...part, effect: otherValue(part.effect) }));
      return { ...operation, participants };
    }
    case 'read':
      return operation;
  }
}

function otherValue(effect: Effect): Effect {
  return effect.do === 'append' || effect.do === 'write' ? { ...effect, value: effect.value + 1_000 } : effect;
}

/** Lets time pass until nothing is left to happen, or for as long as it may take. */
async function settle({ world, scheduler }: Stage): Promise<void> {
  let isLate = false;
  const callOff = scheduler.after(SETTLE_MS, () => {
    isLate = true;
  });
  await scheduler.runUntil(() => world.recovered || isLate, SETTLE_MS + 1);
  callOff();
}

/** What is lost on the way to another bus is in a dead-letter queue, and raises an alarm: operators publish it again. */
async function repair({ world, scheduler, recorder }: Stage): Promise<boolean> {
  if (!world.weather.counts.has('bus.dropped')) return false;
  const repaired = [...world.regions.values()].map((region) => {
    recorder.add({ line: 'fault', at: recorder.now(), fault: 'republish', region: region.name });
    return new Operator(region, scheduler).republish(0);
  });
  await scheduler.resolve(Promise.all(repaired));
  return true;
}

/** Writes down how long it took until nothing was left to happen, and what was given up. */
function addSettled({ world, recorder }: Stage, lastFault: number): void {
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
  const at = world.recovered ? { at: recorder.now() } : {};
  recorder.add({ line: 'settled', lastFault, ...at, bound: 2 * SETTLE_MS, deadLetters });
}

/** The home Region of every `home` stream. */
function homesOf(steps: Schedule['steps']): Readonly<Record<string, string>> {
  const homes = streamsOf(steps.filter(isOperation)).map((stream) => [stream, homeOf(stream)] as const);
  return Object.fromEntries(homes.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function streamsOf(operations: readonly Operation[]): readonly string[] {
  const names = operations.flatMap((operation) =>
    operation.kind === 'transact'
      ? [...operation.participants.map(({ stream }) => stream), ...operation.checks]
      : [operation.stream],
  );
  return [...new Set(names)].sort();
}
