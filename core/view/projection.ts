import { MeridianError } from '../facts/errors.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { PROJECT_MS } from '../limits/budgets.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { Retries } from '../retry.ts';
import { announceAhead } from './ahead.ts';
import { applyChanges } from './apply-changes.ts';
import { type Change, changeOf } from './change.ts';
import type { Target } from './generation.ts';
import type { KeptPorts, Loaded } from './kept-streams.ts';
import { liveTargets } from './live-targets.ts';
import { streamsBehind } from './streams-behind.ts';
import { type Trigger, type Triggers, triggersByStream } from './trigger.ts';
import { loadTriggered } from './triggered-histories.ts';
import { waitForQuorum } from './without-quorum.ts';

export interface ProjectPorts extends KeptPorts {
  readonly events: EventStore & Pick<IntentStore, 'at'>;
  readonly views: ViewStore & GenerationStore;
  /**
   * The projection's own queue, for entries that are ahead of the table, and for streams that wait for a majority of the Regions.
   * @default they are not compared with the table, and wait as messages do that fail
   */
  readonly ahead?: DelayedQueue | undefined;
}

/**
 * Brings the views up to date with the streams named by the triggers. A stream's row, contribution and totals change in
 * one transaction, which checks that the entry is still the one that they were computed from. They change only to a
 * version that covers the entry's. So duplicates, reordering, gaps and concurrent projectors do not affect the result.
 * A trigger is dropped if its commit depends on missing ones: these trigger the projection when they arrive in the
 * table.
 * @returns the streams to retry, with the reasons
 */
export async function projectTriggers(
  ports: ProjectPorts,
  triggers: readonly Trigger[],
): Promise<ReadonlyMap<string, unknown>> {
  const byStream = triggersByStream(triggers);
  const { targets, refused } = await liveTargets(ports, byStream);
  const failed = await projectInto(ports, targets, byStream);
  return new Map([...refused, ...(await waitForQuorum(ports, byStream, failed))]);
}

/**
 * Brings some generations up to date with the streams named by the triggers.
 * @returns the streams to retry, with the reasons
 */
export async function projectInto(
  ports: ProjectPorts,
  targets: readonly Target[],
  triggers: Triggers,
): Promise<ReadonlyMap<string, unknown>> {
  const retries = new Retries(ports.runtime, PROJECT_MS);
  const failed = new Map<string, unknown>();
  let pending = triggers;
  for (;;) {
    const once = await projectOnce(ports, targets, pending);
    for (const [stream, error] of once.failed) failed.set(stream, error);
    pending = new Map([...pending].filter(([stream]) => once.late.has(stream) && !failed.has(stream)));
    if (pending.size === 0) return failed;
    if (!(await retries.pause())) {
      for (const stream of pending.keys())
        failed.set(
          stream,
          new MeridianError('unavailable', `Lost the race to other projectors for ${PROJECT_MS / 1000} s. Retry.`, {
            retryable: true,
          }),
        );
      return failed;
    }
  }
}

/**
 * Projects once every stream whose entries may be behind.
 * @returns the streams to project again, because their entries changed in the meantime, and the failed ones with the
 *   reasons
 */
async function projectOnce(
  ports: ProjectPorts,
  targets: readonly Target[],
  pending: Triggers,
): Promise<{ readonly late: ReadonlySet<string>; readonly failed: ReadonlyMap<string, unknown> }> {
  // Entries are read before streams. If a stream then does not cover its entry, the stream lacks only commits that
  // arrived as payloads, but none that another projector has read from the table in between.
  const behind = await streamsBehind(ports.views, targets, pending);
  const loaded = await loadTriggered(ports, pending, new Set(behind.flatMap(({ streams }) => [...streams.keys()])));
  const failed = new Map(loaded.failed);
  const late = new Set<string>();
  const computed = behind.map(({ target, streams }) => ({
    target,
    streams,
    ...changesOf(target, streams, loaded.loaded, pending),
  }));
  // Announced before they are written: otherwise a crash in between would leave entries that nothing compares with the table.
  const unannounced = await announceAhead(
    ports,
    computed.flatMap(({ changes }) => changes),
    loaded.loaded,
  );
  for (const { target, changes, failed: faulty } of computed) {
    const written = await applyChanges(
      ports,
      target.name,
      changes.filter(({ entry }) => !unannounced.has(entry.stream)),
    );
    for (const [stream, error] of [...faulty, ...unannounced, ...written.failed]) failed.set(stream, error);
    for (const stream of written.late) late.add(stream);
  }
  return { late, failed };
}

/** A failure in one stream's rows or data affects that stream only. */
function changesOf(
  target: Target,
  entries: ReadonlyMap<string, ViewEntry | undefined>,
  loaded: ReadonlyMap<string, Loaded>,
  triggers: Triggers,
): { readonly changes: readonly Change[]; readonly failed: ReadonlyMap<string, unknown> } {
  const changes: Change[] = [];
  const failed = new Map<string, unknown>();
  for (const [stream, entry] of entries) {
    const [history, triggered] = [loaded.get(stream)?.history, triggers.get(stream)];
    try {
      if (history && triggered) changes.push(...changeOf(target, triggered.ref, history, entry));
    } catch (error) {
      failed.set(stream, error);
    }
  }
  return { changes, failed };
}
