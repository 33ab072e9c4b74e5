import { codeVersionOf, shardsOf, type ViewDefinition } from '../definition/view.ts';
import { MeridianError } from '../facts/errors.ts';
import type { Build, Generation, Generations, Retired, Segment } from '../facts/generation.ts';
import { REMOVABLE_AFTER_MS } from '../limits/budgets.ts';

/**
 * The generations of a view before any are stored: a single one, which belongs to the current code and needs no build.
 */
export function firstGenerations(view: ViewDefinition): Generations {
  return {
    revision: 0,
    builds: 1,
    active: { ...codeOf(view), build: 1 },
    retired: [],
  };
}

function codeOf(view: ViewDefinition) {
  return {
    codeVersion: codeVersionOf(view),
    kind: view.kind,
    shards: shardsOf(view),
    ...(view.kind === 'totals' && { counts: true as const }),
  };
}

/** The name that a generation's rows and totals are stored under; no view's name contains `@`. */
export function storedAs(view: string, { codeVersion, build }: Pick<Generation, 'codeVersion' | 'build'>): string {
  return codeVersion === 1 && build === 1 ? view : `${view}@${codeVersion}.${build}`;
}

/** A generation that this code keeps up to date. */
export interface Target {
  readonly view: ViewDefinition;
  readonly name: string;
  readonly shards: number;
  /** True if its totals count the streams that contribute. */
  readonly counts: boolean;
}

export function targetOf(view: ViewDefinition, generation: Generation): Target {
  return {
    view,
    name: storedAs(view.name, generation),
    shards: generation.shards,
    counts: generation.counts ?? false,
  };
}

/** The generations that must include a commit before its messages may be deleted. */
function liveOf({ active, building }: Generations): readonly Generation[] {
  return building ? [active, building] : [active];
}

/** The live generations that this code can compute. */
export function targetsOf(view: ViewDefinition, generations: Generations): readonly Target[] {
  return liveOf(generations)
    .filter(({ codeVersion }) => codeVersion === codeVersionOf(view))
    .map((generation) => targetOf(view, generation));
}

/** True if only newer code can project a commit: its messages must be redelivered until that code receives them. */
export function needsNewerCode(view: ViewDefinition, generations: Generations): boolean {
  return liveOf(generations).some(({ codeVersion, behind }) => codeVersion > codeVersionOf(view) && !behind);
}

function pass<G extends Generation>(view: ViewDefinition, generation: G): G {
  return generation.codeVersion < codeVersionOf(view) ? { ...generation, behind: true } : generation;
}

/**
 * Marks generations of older code as behind, because this code does not project commits into them; undefined if they
 * are already marked.
 */
export function notePassedBy(view: ViewDefinition, now: Generations): Generations | undefined {
  if (liveOf(now).every(({ codeVersion, behind }) => codeVersion >= codeVersionOf(view) || behind)) return undefined;
  return { ...now, active: pass(view, now.active), building: now.building && pass(view, now.building) };
}

/**
 * Starts a rebuild of the view; undefined if one is in progress. A build in progress is discarded if other code started
 * it, the number of shards has changed, or it has skipped commits.
 */
export function beginBuild(
  view: ViewDefinition,
  segments: number,
  time: number,
  now: Generations,
): Generations | undefined {
  const { active, building, builds, retired } = now;
  const code = codeOf(view);
  if (building && isBy(code, building) && !building.behind) return undefined;
  return {
    ...now,
    builds: builds + 1,
    // After a rollback, this code still serves the generation that newer code built, but cannot keep it up to date.
    active: active.codeVersion === code.codeVersion ? active : { ...active, behind: true },
    building: {
      ...code,
      build: builds + 1,
      segments: Array.from({ length: segments }, () => ({ streams: 0, done: false })),
    },
    retired: building ? [...retired, retire(building, time)] : retired,
  };
}

function isBy(code: ReturnType<typeof codeOf>, { codeVersion, kind, shards, counts }: Generation): boolean {
  return code.codeVersion === codeVersion && code.kind === kind && code.shards === shards && code.counts === counts;
}

function retire({ codeVersion, build, kind, shards }: Generation, since: number): Retired {
  return {
    codeVersion,
    build,
    kind,
    shards,
    since,
  };
}

/**
 * A segment of a build.
 * @throws MeridianError `not-found`; `version-conflict`: the build cannot continue, start a new one
 */
export function segmentOf(view: ViewDefinition, building: Build, index: number): Segment {
  const segment = building.segments[index];
  if (!segment)
    throw new MeridianError('not-found', `Build ${building.build} of ${view.name} has no segment ${index}.`, {
      details: { segments: building.segments.length },
    });
  if (building.behind || building.codeVersion !== codeVersionOf(view))
    throw new MeridianError(
      'version-conflict',
      `Build ${building.build} of ${view.name} was started by version ${building.codeVersion} of its code, but version ${codeVersionOf(view)} runs here. Start a new build.`,
      { details: { expected: building.codeVersion, actual: codeVersionOf(view) } },
    );
  return segment;
}

/**
 * Stores the progress of a segment; when the last one is done, the same write makes the build the active generation.
 * Undefined if the build or the segment has changed since it was read.
 */
export function advanceBuild(
  { build, segments: before }: Build,
  { index, progress }: { readonly index: number; readonly progress: Segment },
  time: number,
  now: Generations,
): Generations | undefined {
  const { active, building, retired } = now;
  const then = before[index];
  const segment = building?.segments[index];
  if (building?.build !== build || building.behind || segment?.cursor !== then?.cursor || segment?.done !== then?.done)
    return undefined;
  const segments = building.segments.with(index, progress);
  const { segments: _segments, ...built } = building;
  return segments.every(({ done }) => done)
    ? { ...now, active: built, building: undefined, retired: [...retired, retire(active, time)] }
    : { ...now, building: { ...building, segments } };
}

/** The retired generations that no function uses any more. */
export function removableGenerations({ retired }: Generations, time: number): readonly Retired[] {
  return retired.filter(({ since }) => since + REMOVABLE_AFTER_MS <= time);
}

/** Removes a generation whose data is deleted; undefined if it was already removed. */
export function forgetGeneration({ build }: Retired, now: Generations): Generations | undefined {
  return now.retired.some((other) => other.build === build)
    ? { ...now, retired: now.retired.filter((other) => other.build !== build) }
    : undefined;
}
