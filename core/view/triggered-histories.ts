import type { History } from '../log/history.ts';
import type { LoadPorts } from '../log/load.ts';
import { type KeptPorts, type Loaded, loadKept } from './kept-streams.ts';
import type { Trigger, Triggers } from './trigger.ts';

/** Streams as loaded, by name, and the reasons of failed loads. */
export interface TriggeredHistories {
  readonly loaded: ReadonlyMap<string, Loaded>;
  readonly failed: ReadonlyMap<string, unknown>;
}

/**
 * Loads some of the streams from the table, and adds the commits that have arrived only as messages so far. A stream
 * that cannot be loaded does not affect the others.
 */
export async function loadTriggered(
  ports: KeptPorts,
  triggers: Triggers,
  streams: ReadonlySet<string>,
): Promise<TriggeredHistories> {
  const loaded = new Map<string, Loaded>();
  const failed = new Map<string, unknown>();
  await Promise.all(
    [...triggers.values()].map(async ({ ref, triggers: own }) => {
      if (!streams.has(ref.name)) return;
      try {
        const stream = await loadKept(
          ports,
          ref,
          own.flatMap(({ commit }) => commit ?? []),
        );
        loaded.set(ref.name, stream);
        reportReused(ports, stream.history, own);
      } catch (error) {
        failed.set(ref.name, error);
      }
    }),
  );
  return { loaded, failed };
}

function reportReused({ runtime }: LoadPorts, { reused }: History, triggers: readonly Trigger[]): void {
  const delivered = reused.filter(({ log, position }) =>
    triggers.some((t) => t.log === log && t.position === position),
  );
  if (delivered.length > 0) runtime.metric('IdReused', 'Count', delivered.length);
}
