import { shardOf } from '../definition/view.ts';
import { emptyVersion, versionCovers } from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import type { ViewStore } from '../ports/view-store.ts';
import type { Target } from './generation.ts';
import type { Triggered, Triggers } from './trigger.ts';

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
      const entries = await entriesIn(views, target, triggers);
      const behind = ofType(target, triggers).filter(({ ref, triggers }) => {
        const version = entries.get(ref.name)?.version ?? emptyVersion;
        return triggers.some((trigger) => trigger.inTable || !versionCovers(version, trigger));
      });
      return { target, streams: new Map(behind.map(({ ref: { name } }) => [name, entries.get(name)])) };
    }),
  );
}

/** The current entries of the triggered streams in a generation, by stream. */
export async function entriesIn(
  views: ViewStore,
  target: Target,
  triggers: Triggers,
): Promise<ReadonlyMap<string, ViewEntry>> {
  const places = ofType(target, triggers).map(({ ref: { name } }) => ({
    stream: name,
    shard: shardOf(target.shards, name),
  }));
  return places.length > 0 ? views.entries(target.name, places) : new Map();
}

/** The triggered streams of a view's type. */
function ofType({ view }: Target, triggers: Triggers): readonly Triggered[] {
  return [...triggers.values()].filter(({ ref }) => ref.type === view.of.type);
}
