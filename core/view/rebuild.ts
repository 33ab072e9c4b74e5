import { viewOf } from '../definition/domain.ts';
import { codeVersionOf, type ViewDefinition } from '../definition/view.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError, messageOf } from '../facts/errors.ts';
import type { Build, Generations, Segment } from '../facts/generation.ts';
import { REMOVABLE_AFTER_MS, STEP_MS } from '../limits/budgets.ts';
import type { CommitScan } from '../ports/commit-scan.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';
import { changeGenerations, generationsOf } from './current-generations.ts';
import {
  advanceBuild,
  beginBuild,
  forgetGeneration,
  removableGenerations,
  segmentOf,
  storedAs,
  targetOf,
} from './generation.ts';
import { type ProjectPorts, projectInto } from './projection.ts';
import { type Triggers, triggersByStream } from './trigger.ts';

/** Commits per page, whose streams are loaded together. */
const PAGE = 100;

/** Rows deleted per call. */
const REMOVED_AT_ONCE = 500;

export interface RebuildPorts extends ProjectPorts {
  readonly events: ProjectPorts['events'] & CommitScan;
}

/** The ports for reading and changing generations only. */
type StatusPorts = Pick<RebuildPorts, 'domain' | 'views' | 'runtime'>;

type RebuildStatus = ActionResult<'rebuild-status'>;

/**
 * Starts a rebuild of a view from the table, or continues the one in progress if it is by the same code.
 * @throws MeridianError `unknown-view`; `unavailable`
 */
export async function beginRebuild(
  { domain, views, runtime }: StatusPorts,
  { view: name, segments }: ActionRequest<'rebuild-begin'>,
): Promise<RebuildStatus> {
  const view = viewOf(domain, name);
  return statusOf(view, await changeGenerations(views, view, (now) => beginBuild(view, segments, runtime.now(), now)));
}

/** @throws MeridianError `unknown-view`; `unavailable` */
export async function rebuildStatus(
  { domain, views }: StatusPorts,
  { view: name }: ActionRequest<'rebuild-status'>,
): Promise<RebuildStatus> {
  const view = viewOf(domain, name);
  return statusOf(view, await generationsOf(views, view));
}

/**
 * Continues one segment of a build, page after page for {@link STEP_MS}: projects each page's streams from the table,
 * then stores the progress. When the last segment ends, the build becomes active. Steps may crash, repeat or run
 * concurrently. The status shows whether the build is done or was discarded.
 * @throws MeridianError `unknown-view`; `not-found`: no such segment; `version-conflict`: start a new build;
 *   `unavailable`; the error of a stream that cannot be projected: the segment then stops before it
 */
export async function stepRebuild(
  ports: RebuildPorts,
  { view: name, build, segment: index }: ActionRequest<'rebuild-step'>,
): Promise<RebuildStatus> {
  const { domain, views, runtime } = ports;
  const view = viewOf(domain, name);
  const deadline = runtime.elapsed() + STEP_MS;
  let now = await generationsOf(views, view);
  while (now.building?.build === build) {
    const { building } = now;
    const segment = segmentOf(view, building, index);
    if (segment.done || runtime.elapsed() >= deadline) break;
    const progress = await buildPage(ports, view, { building, index, segment });
    now = await changeGenerations(views, view, (now) =>
      advanceBuild(building, { index, progress }, runtime.now(), now),
    );
  }
  return statusOf(view, now);
}

async function buildPage(
  ports: RebuildPorts,
  view: ViewDefinition,
  { building, index, segment }: { readonly building: Build; readonly index: number; readonly segment: Segment },
): Promise<Segment> {
  const { cursor: after, last, streams } = segment;
  // A rebuild reads the table alone, so that it corrects the effects of a faulty snapshot.
  const { snapshots: _snapshots, keptStreams: _kept, ...table } = ports;
  const { commits, cursor } = await table.events.scan(index, building.segments.length, after, PAGE);
  const page = streamsOf(commits, view, last);
  const failed = await projectInto(table, [targetOf(view, building)], page);
  for (const [stream, error] of failed) throw cannotBuild(view, stream, error);
  return {
    cursor,
    last: commits.at(-1)?.stream ?? last,
    streams: streams + page.size,
    done: cursor === undefined,
  };
}

/** The streams of the view's type, except the last stream of the previous page, which was loaded in full. */
function streamsOf(commits: readonly Commit[], { of }: ViewDefinition, last: string | undefined): Triggers {
  const byStream = new Map(commits.filter(({ stream }) => stream !== last).map((commit) => [commit.stream, commit]));
  const triggers = [...byStream.values()].map(({ stream, log, position }) => ({
    stream,
    log,
    position,
    inTable: true,
  }));
  return new Map([...triggersByStream(triggers)].filter(([, { ref }]) => ref.type === of.type));
}

function cannotBuild({ name }: ViewDefinition, stream: string, cause: unknown): MeridianError {
  const known = cause instanceof MeridianError ? cause : undefined;
  return new MeridianError(
    known ?? 'internal',
    `${name} cannot be built because of ${stream}: ${messageOf(cause)} The active generation is unchanged.`,
    { retryable: known?.retryable ?? false, details: { stream }, cause },
  );
}

/**
 * Deletes the rows of generations that were replaced at least {@link REMOVABLE_AFTER_MS} ago, so that no function uses
 * them any more. Runs for at most {@link STEP_MS}.
 * @throws MeridianError `unknown-view`; `unavailable`
 */
export async function cleanRebuild(
  { domain, views, runtime }: StatusPorts,
  { view: name }: ActionRequest<'rebuild-clean'>,
): Promise<RebuildStatus> {
  const view = viewOf(domain, name);
  const deadline = runtime.elapsed() + STEP_MS;
  let now = await generationsOf(views, view);
  for (const retired of removableGenerations(now, runtime.now())) {
    let isGone = false;
    while (!isGone && runtime.elapsed() < deadline)
      isGone = await views.remove(storedAs(name, retired), retired.shards, REMOVED_AT_ONCE);
    if (isGone) now = await changeGenerations(views, view, (now) => forgetGeneration(retired, now));
  }
  return statusOf(view, now);
}

function statusOf(view: ViewDefinition, { active, building, retired }: Generations): RebuildStatus {
  const segments = (building?.segments ?? []).map(({ streams, done }, segment) => ({ segment, streams, done }));
  return {
    view: view.name,
    codeVersion: codeVersionOf(view),
    build: (building ?? active).build,
    segments,
    streams: segments.reduce((sum, { streams }) => sum + streams, 0),
    done: !building,
    active: {
      codeVersion: active.codeVersion,
      build: active.build,
      shards: active.shards,
      behind: active.behind ?? false,
    },
    retired: retired.map(({ codeVersion, build, since }) => ({
      codeVersion,
      build,
      removableAt: new Date(since + REMOVABLE_AFTER_MS).toISOString(),
    })),
  };
}
