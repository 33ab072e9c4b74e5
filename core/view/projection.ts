import { MeridianError } from '../facts/errors.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { PROJECT_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import type { LoadPorts } from '../log/load.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { backoff } from '../retry.ts';
import { applyChanges } from './apply-changes.ts';
import { type Change, changeOf } from './change.ts';
import type { Target } from './generation.ts';
import { liveTargets } from './live-targets.ts';
import { streamsBehind } from './streams-behind.ts';
import { type Trigger, type Triggers, triggersByStream } from './trigger.ts';
import { loadTriggered } from './triggered-histories.ts';

export interface ProjectPorts extends LoadPorts {
  readonly views: ViewStore & GenerationStore;
}

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
  const byStream = triggersByStream(triggers);
  const { targets, refused } = await liveTargets(ports, byStream);
  const failed = await projectInto(ports, targets, byStream);
  return new Map([...refused, ...failed]);
}

/**
 * Brings some generations up to date with the streams that the triggers name.
 * @returns the streams that have to be tried again, and why
 */
export async function projectInto(
  ports: ProjectPorts,
  targets: readonly Target[],
  triggers: Triggers,
): Promise<ReadonlyMap<string, unknown>> {
  const { runtime } = ports;
  const deadline = runtime.elapsed() + PROJECT_MS;
  const failed = new Map<string, unknown>();
  let pending = triggers;
  for (let tries = 0; pending.size > 0; tries++) {
    const once = await projectOnce(ports, targets, pending);
    for (const [stream, error] of once.failed) failed.set(stream, error);
    pending = new Map([...pending].filter(([stream]) => once.late.has(stream) && !failed.has(stream)));
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

/**
 * Looks once at every stream whose entries may be behind.
 * @returns the streams to look at again, as their entries changed meanwhile, and those that failed, each with the reason
 */
async function projectOnce(
  ports: ProjectPorts,
  targets: readonly Target[],
  pending: Triggers,
): Promise<{ readonly late: ReadonlySet<string>; readonly failed: ReadonlyMap<string, unknown> }> {
  // Entries first, streams second: then a stream that does not cover its entry lacks what only a payload brought, and
  // not what another projector read from the table in between.
  const behind = await streamsBehind(ports.views, targets, pending);
  const loaded = await loadTriggered(ports, pending, new Set(behind.flatMap(({ streams }) => [...streams.keys()])));
  const failed = new Map(loaded.failed);
  const late = new Set<string>();
  for (const { target, streams } of behind) {
    const computed = changesOf(target, streams, loaded.histories, pending);
    const written = await applyChanges(ports, target.name, computed.changes);
    for (const [stream, error] of [...computed.failed, ...written.failed]) failed.set(stream, error);
    for (const stream of written.late) late.add(stream);
  }
  return { late, failed };
}

/** One stream's fault (its own rows, its own data) fails that stream and no other. */
function changesOf(
  target: Target,
  entries: ReadonlyMap<string, ViewEntry | undefined>,
  histories: ReadonlyMap<string, History>,
  triggers: Triggers,
): { readonly changes: readonly Change[]; readonly failed: ReadonlyMap<string, unknown> } {
  const changes: Change[] = [];
  const failed = new Map<string, unknown>();
  for (const [stream, entry] of entries) {
    const [history, triggered] = [histories.get(stream), triggers.get(stream)];
    try {
      if (history && triggered) changes.push(...changeOf(target, triggered.ref, history, entry));
    } catch (error) {
      failed.set(stream, error);
    }
  }
  return { changes, failed };
}
