import { codeVersionOf, shardsOf, type ViewDefinition } from '../definition/view.ts';
import { MeridianError } from '../facts/errors.ts';
import type { Build, Generation, Generations, Retired, Segment } from '../facts/generation.ts';
import { REMOVABLE_AFTER_MS } from '../limits/budgets.ts';

/** What a view has before anything is stored of it: a generation by today's code, which no build has to make. */
export function firstGenerations(view: ViewDefinition): Generations {
  return {
    revision: 0,
    builds: 1,
    active: { ...codeOf(view), build: 1 },
    retired: [],
  };
}

function codeOf(view: ViewDefinition) {
  return { codeVersion: codeVersionOf(view), kind: view.kind, shards: shardsOf(view) };
}

/** The name that a generation's rows and totals are stored under; no view's name has an `@`. */
export function storedAs(view: string, { codeVersion, build }: Pick<Generation, 'codeVersion' | 'build'>): string {
  return codeVersion === 1 && build === 1 ? view : `${view}@${codeVersion}.${build}`;
}

/** Rows that a view's code keeps up to date. */
export interface Target {
  readonly view: ViewDefinition;
  readonly name: string;
  readonly shards: number;
}

export function targetOf(view: ViewDefinition, generation: Generation): Target {
  return {
    view,
    name: storedAs(view.name, generation),
    shards: generation.shards,
  };
}

/** The generations that a commit has to go into, before its messages are done with. */
function liveOf({ active, building }: Generations): readonly Generation[] {
  return building ? [active, building] : [active];
}

/** The live generations that this code can compute. */
export function targetsOf(view: ViewDefinition, generations: Generations): readonly Target[] {
  return liveOf(generations)
    .filter(({ codeVersion }) => codeVersion === codeVersionOf(view))
    .map((generation) => targetOf(view, generation));
}

/** Whether only newer code can take a commit in: then its messages have to come again, until that code gets them. */
export function needsNewerCode(view: ViewDefinition, generations: Generations): boolean {
  return liveOf(generations).some(({ codeVersion, behind }) => codeVersion > codeVersionOf(view) && !behind);
}

function pass<G extends Generation>(view: ViewDefinition, generation: G): G {
  return generation.codeVersion < codeVersionOf(view) ? { ...generation, behind: true } : generation;
}

/** Notes that this code takes commits in and leaves older generations without them; undefined: that is known. */
export function notePassedBy(view: ViewDefinition, now: Generations): Generations | undefined {
  if (liveOf(now).every(({ codeVersion, behind }) => codeVersion >= codeVersionOf(view) || behind)) return undefined;
  return { ...now, active: pass(view, now.active), building: now.building && pass(view, now.building) };
}

/**
 * Begins to build the view anew; undefined: that is under way. A build by other code, with other shards, or that commits
 * have passed by, is given up for it.
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
    // Code that was put back reads on what newer code has made, and cannot keep it up to date.
    active: active.codeVersion === code.codeVersion ? active : { ...active, behind: true },
    building: {
      ...code,
      build: builds + 1,
      segments: Array.from({ length: segments }, () => ({ streams: 0, done: false })),
    },
    retired: building ? [...retired, retire(building, time)] : retired,
  };
}

function isBy(code: ReturnType<typeof codeOf>, { codeVersion, kind, shards }: Generation): boolean {
  return code.codeVersion === codeVersion && code.kind === kind && code.shards === shards;
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
 * The segment of a build.
 * @throws MeridianError `not-found`; `version-conflict`: the build cannot go on, a new one has to begin
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
      `Build ${building.build} of ${view.name} is by version ${building.codeVersion} of its code, and version ${codeVersionOf(view)} runs here: begin again.`,
      { details: { expected: building.codeVersion, actual: codeVersionOf(view) } },
    );
  return segment;
}

/**
 * Stores how far a segment is; the last one that is done makes the build the active generation, in the same write.
 * Undefined: the build or the segment is not any more where the reader began.
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

/** The retired generations that nobody uses any more. */
export function removableGenerations({ retired }: Generations, time: number): readonly Retired[] {
  return retired.filter(({ since }) => since + REMOVABLE_AFTER_MS <= time);
}

/** Forgets a generation that nothing is left of; undefined: it is forgotten. */
export function forgetGeneration({ build }: Retired, now: Generations): Generations | undefined {
  return now.retired.some((other) => other.build === build)
    ? { ...now, retired: now.retired.filter((other) => other.build !== build) }
    : undefined;
}
