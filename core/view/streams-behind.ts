import { shardOf } from '../definition/view.ts';
import { emptyVersion, versionCovers } from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import type { ViewStore } from '../ports/view-store.ts';
import type { Target } from './generation.ts';
import type { Triggers } from './trigger.ts';

/** A generation, and the streams to project into it, with their current entries. */
export interface Behind {
  readonly target: Target;
  readonly streams: ReadonlyMap<string, ViewEntry | undefined>;
}

/**
 * The streams to project, per generation. A commit from the bus is skipped if the entry covers it. A key from the
 * table's stream is never skipped: the entry may cover its commit through a payload, while the table holds further
 * commits that depended on it. So the last commit to arrive in the table always causes a full read of its stream.
 */
export function streamsBehind(
  views: ViewStore,
  targets: readonly Target[],
  triggers: Triggers,
): Promise<readonly Behind[]> {
  return Promise.all(
    targets.map(async (target) => {
      const { view, name: generation, shards } = target;
      const own = [...triggers.values()].filter(({ ref }) => ref.type === view.of.type);
      const places = own.map(({ ref }) => ({ stream: ref.name, shard: shardOf(shards, ref.name) }));
      const entries: ReadonlyMap<string, ViewEntry> =
        own.length > 0 ? await views.entries(generation, places) : new Map();
      const behind = own.filter(({ ref, triggers }) => {
        const version = entries.get(ref.name)?.version ?? emptyVersion;
        return triggers.some((trigger) => trigger.inTable || !versionCovers(version, trigger));
      });
      return { target, streams: new Map(behind.map(({ ref: { name } }) => [name, entries.get(name)])) };
    }),
  );
}
