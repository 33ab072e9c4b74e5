import * as z from 'zod';
import { shardsOf, type ViewDefinition, versionOf } from '../definition/view.ts';
import { MeridianError } from '../errors.ts';

/**
 * The rows and totals of a view that one build made with one version of the view's code, stored apart from those of
 * every other build.
 */
export interface Generation {
  /** Of the view's code. */
  readonly version: number;
  /** Counts the view's builds in this Region: 1, 2, 3 … */
  readonly build: number;
  readonly kind: ViewDefinition['kind'];
  readonly shards: number;
  /** Newer code, or code that was put back, has let commits pass it by: only a new build has all of them. */
  readonly behind?: true | undefined;
}

/** How far the build of a generation has read one segment of the `events` table. */
export interface Segment {
  /** Where to read on; none: at the beginning. */
  readonly cursor?: string | undefined;
  /** The stream that was looked at last. */
  readonly last?: string | undefined;
  /** Streams looked at. */
  readonly streams: number;
  readonly done: boolean;
}

export interface Build extends Generation {
  readonly segments: readonly Segment[];
}

export interface Retired extends Generation {
  /** Since when nobody begins to use it, milliseconds since 1970. */
  readonly since: number;
}

/** The generations of a view in a Region: one is read, one may be under way, and of others some rows may be left. */
export interface Generations {
  /** Counts the writes: 1, 2, 3 …; 0 as long as nothing is stored. */
  readonly revision: number;
  /** The number of the last build. None is given twice. */
  readonly builds: number;
  readonly active: Generation;
  readonly building?: Build | undefined;
  readonly retired: readonly Retired[];
}

const generation = {
  version: z.number(),
  build: z.number(),
  kind: z.enum(['rows', 'totals']),
  shards: z.number(),
  behind: z.literal(true).optional(),
};
const segment = z.object({
  cursor: z.string().optional(),
  last: z.string().optional(),
  streams: z.number(),
  done: z.boolean(),
});

/** Of generations that come out of a store as JSON. */
export const generationsSchema: z.ZodType<Generations> = z.object({
  revision: z.number(),
  builds: z.number(),
  active: z.object(generation),
  building: z.object({ ...generation, segments: z.array(segment) }).optional(),
  retired: z.array(z.object({ ...generation, since: z.number() })),
});

/** Functions that read what is active run for 60 s at most: after twice that, none of them uses what it was then. */
export const REMOVABLE_AFTER_MS = 120_000;

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
  return { version: versionOf(view), kind: view.kind, shards: shardsOf(view) };
}

/** The name that a generation's rows and totals are stored under; no view's name has an `@`. */
export function storedAs(view: string, { version, build }: Pick<Generation, 'version' | 'build'>): string {
  return version === 1 && build === 1 ? view : `${view}@${version}.${build}`;
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
    .filter(({ version }) => version === versionOf(view))
    .map((generation) => targetOf(view, generation));
}

/** Whether only newer code can take a commit in: then its messages have to come again, until that code gets them. */
export function needsNewerCode(view: ViewDefinition, generations: Generations): boolean {
  return liveOf(generations).some(({ version, behind }) => version > versionOf(view) && !behind);
}

function pass<G extends Generation>(view: ViewDefinition, generation: G): G {
  return generation.version < versionOf(view) ? { ...generation, behind: true } : generation;
}

/** Notes that this code takes commits in and leaves older generations without them; undefined: that is known. */
export function passBy(view: ViewDefinition, now: Generations): Generations | undefined {
  if (liveOf(now).every(({ version, behind }) => version >= versionOf(view) || behind)) return undefined;
  return { ...now, active: pass(view, now.active), building: now.building && pass(view, now.building) };
}

/**
 * Begins to build the view anew; undefined: that is under way. A build by other code, with other shards, or that commits
 * have passed by, is given up for it.
 */
export function begin(view: ViewDefinition, segments: number, time: number, now: Generations): Generations | undefined {
  const { active, building, builds, retired } = now;
  const code = codeOf(view);
  if (building && isBy(code, building) && !building.behind) return undefined;
  return {
    ...now,
    builds: builds + 1,
    // Code that was put back reads on what newer code has made, and cannot keep it up to date.
    active: active.version === code.version ? active : { ...active, behind: true },
    building: {
      ...code,
      build: builds + 1,
      segments: Array.from({ length: segments }, () => ({ streams: 0, done: false })),
    },
    retired: building ? [...retired, retire(building, time)] : retired,
  };
}

function isBy(code: ReturnType<typeof codeOf>, { version, kind, shards }: Generation): boolean {
  return code.version === version && code.kind === kind && code.shards === shards;
}

function retire({ version, build, kind, shards }: Generation, since: number): Retired {
  return {
    version,
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
  if (building.behind || building.version !== versionOf(view))
    throw new MeridianError(
      'version-conflict',
      `Build ${building.build} of ${view.name} is by version ${building.version} of its code, and version ${versionOf(view)} runs here: begin again.`,
      { details: { expected: building.version, actual: versionOf(view) } },
    );
  return segment;
}

/**
 * Stores how far a segment is; the last one that is done makes the build the active generation, in the same write.
 * Undefined: the build or the segment is not any more where the reader began.
 */
export function advance(
  { build, segments: before }: Build,
  index: number,
  progress: Segment,
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
export function removable({ retired }: Generations, time: number): readonly Retired[] {
  return retired.filter(({ since }) => since + REMOVABLE_AFTER_MS <= time);
}

/** Forgets a generation that nothing is left of; undefined: it is forgotten. */
export function forget({ build }: Retired, now: Generations): Generations | undefined {
  return now.retired.some((other) => other.build === build)
    ? { ...now, retired: now.retired.filter((other) => other.build !== build) }
    : undefined;
}
