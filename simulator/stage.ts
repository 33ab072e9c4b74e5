import * as z from 'zod';
import type { Line, LineOf } from '../checkers/history.ts';
import { announcedConflictSchema, CONFLICT_SOURCE } from '../core/wire/conflict-event.ts';
import type { Operation } from '../workload/operation.ts';
import { Recorder } from '../workload/recorder.ts';
import { typesOf } from '../workload/workload.ts';
import { silentTelemetry } from '../world/error-log.ts';
import { withSlowTables } from '../world/region/slow-tables.ts';
import { seeded } from '../world/time/randomness.ts';
import { VirtualScheduler } from '../world/time/scheduler.ts';
import { World } from '../world/world.ts';
import { type Covered, coverageOf } from './coverage.ts';
import { DOMAINS, fullWorkload, STRONG_DOMAINS } from './domain.ts';
import { Meter } from './meter.ts';
import { homeOf } from './plan.ts';
import { isOperation, type Schedule } from './schedule.ts';
import { recordingSubscribers } from './subscribers.ts';
import { type Trace, traced } from './trace.ts';

/** Where a history takes place, and what is counted there. */
export interface Stage {
  readonly world: World;
  readonly scheduler: VirtualScheduler;
  readonly recorder: Recorder;
  readonly meter: Meter;
  /** The Region that a subscriber is named to; undefined: there is none. */
  readonly named: string | undefined;
  readonly covered: () => Covered;
}

/** How a history can be followed as it happens. */
export interface Follow {
  readonly trace: Trace;
  /** Called after every event: time stands still until what it returns has resolved. */
  readonly pace?: () => Promise<void> | undefined;
}

/** The world of a schedule, in virtual time, before anything happens. */
export function setStage({ seed, setting, steps }: Schedule, follow: Follow | undefined): Stage {
  const { regions, snapshots, invoke, slowTables, oneByOne, recoverable, strong, named, ...options } = setting;
  const meter = new Meter();
  const scheduler = new VirtualScheduler();
  const trace = follow && pacedTrace(follow, scheduler);
  const header = { line: 'history', format: 1, source: 'simulator', seed, types: typesOf(fullWorkload) } as const;
  const onLine = (line: Line): void => trace?.({ event: 'line', at: recorder.now(), line: { ...line } });
  const recorder = new Recorder(() => scheduler.now(), { ...header, regions: [...regions], ...homesIn(steps) }, onLine);
  const random = seeded(seed + 2);
  const { plain, snapshots: often } = strong ? STRONG_DOMAINS : DOMAINS;
  const domain = snapshots ? often : plain;
  const world = new World({
    ...options,
    ...{ domain, regions, scheduler, seed },
    latency: { invoke },
    ...{ archives: recoverable, recovery: recoverable },
    // Processes fail on purpose: the checkers report what that breaks.
    telemetry: silentTelemetry,
    subscribers: recordingSubscribers(recorder, [...domain.streams.keys()], named),
    withFaults: (region, ports, _exit, of) => {
      const own = trace ? traced(ports, trace, { region, of, now: () => recorder.now() }) : ports;
      const counted = oneByOne ? meter.around(own, of) : own;
      return slowTables ? withSlowTables(counted, scheduler, random) : counted;
    },
  });
  for (const { name, bus } of world.regions.values())
    bus.addRule(
      { source: [CONFLICT_SOURCE] },
      { kind: 'listener', listen: (event) => recordConflict(recorder, name, event) },
    );
  return { world, scheduler, recorder, meter, named, covered: coverageOf(world) };
}

const heardSchema = z.object({ detail: announcedConflictSchema });

function recordConflict(recorder: Recorder, region: string, event: unknown): void {
  const { stream, log, position, revision, open, meta } = heardSchema.parse(event).detail;
  recorder.add({
    ...{ line: 'announced', at: recorder.now(), region, by: meta.region },
    ...{ stream, log, position, revision, open },
  });
}

function pacedTrace({ trace, pace }: Follow, scheduler: VirtualScheduler): Trace {
  return (event) => {
    trace(event);
    const wait = pace?.();
    if (wait) scheduler.hold(wait);
  };
}

/** Where `home` streams are written, as far as that is certain. */
function homesIn(steps: Schedule['steps']): Partial<Pick<LineOf<'history'>, 'homes' | 'moves'>> {
  const moves = steps.flatMap((step) => (step.kind === 'move' ? step.how : []));
  if (moves.length === 0) return { homes: homesOf(steps) };
  return { moves: moves.includes('forced') ? 'forced' : 'planned' };
}

/** The home Region of every `home` stream. */
function homesOf(steps: Schedule['steps']): Readonly<Record<string, string>> {
  const homes = streamsOf(steps.filter(isOperation)).map((stream) => [stream, homeOf(stream)] as const);
  return Object.fromEntries(homes.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The streams that operations name. */
export function streamsOf(operations: readonly Operation[]): readonly string[] {
  const names = operations.flatMap((operation) =>
    operation.kind === 'transact'
      ? [...operation.participants.map(({ stream }) => stream), ...operation.checks]
      : [operation.stream],
  );
  return [...new Set(names)].sort();
}
