import type { Domain } from '../definition/domain.ts';
import { shardOf, type ViewDefinition } from '../definition/view.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { covers, emptyVersion } from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { PROJECT_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { type LoadPorts, loadHistory, loadWhole } from '../log/load.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { backoff } from '../retry.ts';
import { type Change, changeOf, sumUp, transactions } from './change.ts';
import { changeGenerations, readGenerations } from './current-generations.ts';
import { needsNewerCode, notePassedBy, type Target, targetsOf } from './generation.ts';
import type { Trigger } from './trigger.ts';

export interface ProjectPorts extends LoadPorts {
  readonly views: ViewStore & GenerationStore;
}

type Entries = ReadonlyMap<string, ViewEntry>;

type Triggers = ReadonlyMap<string, readonly Trigger[]>;

/**
 * Brings the views up to date with the streams that the triggers name. A stream's row, contribution and totals change in
 * one transaction, only against the entry that they were computed from, and only for a version that covers the entry's:
 * so duplicates, reordering, gaps and concurrent projectors make no difference to the result. A trigger that the table
 * is not ready for is dropped: what is missing brings its own, once it is in the table.
 * @returns the streams that have to be tried again, and why
 */
export async function projectTriggers(
  ports: ProjectPorts,
  triggers: readonly Trigger[],
): Promise<ReadonlyMap<string, unknown>> {
  const { targets, refused } = await liveTargets(ports, triggers);
  const failed = await projectInto(ports, targets, triggers);
  return new Map([...refused, ...failed]);
}

/**
 * What the triggers have to go into, by what is stored of each view now: after the commits that the table's stream named
 * were in the table, and before any entry is read. A generation of newer code cannot be served here: the streams are
 * refused, so that they come again. One of older code is noted to be behind, and passed by.
 */
async function liveTargets({ domain, views }: ProjectPorts, triggers: readonly Trigger[]) {
  const streams = [...new Set(triggers.map(({ stream }) => stream))];
  const types = new Set(streams.map((stream) => parseStreamRef(stream).type));
  const projected = viewsOf(domain).filter(({ of }) => types.has(of.type));
  const targets: Target[] = [];
  const refused = new Map<string, unknown>();
  if (projected.length === 0) return { targets, refused };
  for (const { view, generations } of await readGenerations(views, projected)) {
    const now =
      generations.revision === 0 || notePassedBy(view, generations)
        ? await changeGenerations(
            views,
            view,
            (now) => notePassedBy(view, now) ?? (now.revision === 0 ? now : undefined),
          )
        : generations;
    targets.push(...targetsOf(view, now));
    if (needsNewerCode(view, now))
      for (const stream of streams.filter((one) => parseStreamRef(one).type === view.of.type))
        refused.set(
          stream,
          new MeridianError('unavailable', `View ${view.name} is built by newer code than runs here.`, {
            retryable: true,
          }),
        );
  }
  return { targets, refused };
}

function viewsOf({ views }: Domain): readonly ViewDefinition[] {
  return [...views.values()];
}

/**
 * Brings some generations up to date with the streams that the triggers name.
 * @returns the streams that have to be tried again, and why
 */
export async function projectInto(
  ports: ProjectPorts,
  targets: readonly Target[],
  triggers: readonly Trigger[],
): Promise<ReadonlyMap<string, unknown>> {
  const { runtime } = ports;
  const deadline = runtime.elapsed() + PROJECT_MS;
  const failed = new Map<string, unknown>();
  let pending: Triggers = Map.groupBy(triggers, ({ stream }) => stream);
  for (let tries = 0; pending.size > 0; tries++) {
    const late = await projectOnce(ports, targets, pending, failed);
    pending = new Map([...pending].filter(([stream]) => late.has(stream) && !failed.has(stream)));
    const wait = backoff(runtime, tries);
    if (runtime.elapsed() + wait > deadline) {
      for (const stream of pending.keys())
        failed.set(
          stream,
          new MeridianError('unavailable', `Other projectors were faster for ${PROJECT_MS / 1000} s.`, {
            retryable: true,
          }),
        );
      break;
    }
    if (pending.size > 0) await runtime.sleep(wait);
  }
  return failed;
}

/** @returns the streams whose entries changed meanwhile */
async function projectOnce(
  ports: ProjectPorts,
  targets: readonly Target[],
  pending: Triggers,
  failed: Map<string, unknown>,
): Promise<ReadonlySet<string>> {
  // Entries first, streams second: then a stream that does not cover its entry lacks what only a payload brought, and
  // not what another projector read from the table in between.
  const behind = await entriesBehind(ports, targets, pending);
  const histories = await load(ports, pending, new Set(behind.flatMap(({ streams }) => [...streams.keys()])), failed);
  const late = new Set<string>();
  for (const { target, streams } of behind) {
    const changes: Change[] = [];
    for (const [stream, entry] of streams) {
      const history = histories.get(stream);
      if (history) settle(failed, stream, () => changes.push(...changeOf(target, history, entry)));
    }
    for (const chunk of transactions(changes))
      for (const stream of await apply(ports, target.name, chunk, failed)) late.add(stream);
  }
  return late;
}

/**
 * Writes changes in one transaction. One that the store refuses is tried change by change, to find whose fault it is;
 * one that the store had no time for is not.
 * @returns the streams whose entries changed meanwhile
 */
async function apply(
  ports: ProjectPorts,
  name: string,
  changes: readonly Change[],
  failed: Map<string, unknown>,
): Promise<readonly string[]> {
  const entries = changes.map(({ entry }) => entry);
  const streams = entries.map(({ stream }) => stream);
  try {
    if (!(await ports.views.apply(name, entries, sumUp(changes)))) return streams;
    ports.runtime.metric('Projected', 'Count', entries.length);
    return [];
  } catch (error) {
    const isOutage = error instanceof MeridianError && error.retryable;
    if (changes.length > 1 && !isOutage) {
      const late: string[] = [];
      for (const change of changes) late.push(...(await apply(ports, name, [change], failed)));
      return late;
    }
    for (const stream of streams) failed.set(stream, error);
    return [];
  }
}

/**
 * Per generation the streams to look at. An event of the bus is compared with the entry; a key of the table's stream never is:
 * the entry may cover it by a payload, while the table holds more that only waited for it. So the last commit that
 * arrives in the table is always followed by a look at all of it.
 */
function entriesBehind({ views }: ProjectPorts, targets: readonly Target[], pending: Triggers) {
  const streams = [...pending.keys()];
  return Promise.all(
    targets.map(async (target) => {
      const { view, name, shards } = target;
      const own = streams.filter((stream) => parseStreamRef(stream).type === view.of.type);
      const places = own.map((stream) => ({ stream, shard: shardOf(shards, stream) }));
      const entries: Entries = own.length > 0 ? await views.entries(name, places) : new Map();
      const behind = own.filter((stream) => {
        const version = entries.get(stream)?.version ?? emptyVersion;
        return pending.get(stream)?.some((trigger) => trigger.inTable || !covers(version, trigger));
      });
      return { target, streams: new Map(behind.map((stream) => [stream, entries.get(stream)])) };
    }),
  );
}

/** What the table holds, and what the messages brought before it: the seen set takes in only what is whole. */
async function load(
  ports: ProjectPorts,
  pending: Triggers,
  streams: ReadonlySet<string>,
  failed: Map<string, unknown>,
): Promise<ReadonlyMap<string, History>> {
  const histories = new Map<string, History>();
  await Promise.all(
    [...pending].map(async ([stream, triggers]) => {
      if (!streams.has(stream)) return;
      try {
        const history = await historyWith(
          ports,
          stream,
          triggers.flatMap(({ commit }) => commit ?? []),
        );
        histories.set(stream, history);
        reportReused(ports, history, triggers);
      } catch (error) {
        failed.set(stream, error);
      }
    }),
  );
  return histories;
}

async function historyWith(ports: ProjectPorts, stream: string, brought: readonly Commit[]): Promise<History> {
  const ref = parseStreamRef(stream);
  const history = await loadHistory(ports, ref);
  history.add(brought);
  if (history.holds) return history;
  const whole = await loadWhole(ports, ref);
  whole.add(brought);
  return whole;
}

function reportReused({ runtime }: ProjectPorts, { reused }: History, triggers: readonly Trigger[]): void {
  const delivered = reused.filter(({ log, position }) =>
    triggers.some((t) => t.log === log && t.position === position),
  );
  if (delivered.length > 0) runtime.metric('IdReused', 'Count', delivered.length);
}

/** One stream's fault (its own rows, its own data) fails that stream and no other. */
function settle(failed: Map<string, unknown>, stream: string, step: () => void): void {
  try {
    step();
  } catch (error) {
    failed.set(stream, error);
  }
}
