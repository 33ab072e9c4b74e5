import type { Domain } from '../definition/domain.ts';
import { MeridianError } from '../facts/errors.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import { changeGenerations, readGenerations } from './current-generations.ts';
import { needsNewerCode, notePassedBy, type Target, targetsOf } from './generation.ts';
import type { Triggers } from './trigger.ts';

/** What the triggers have to go into, and the streams that cannot be served here, each with the reason. */
export interface LiveTargets {
  readonly targets: readonly Target[];
  readonly refused: ReadonlyMap<string, unknown>;
}

/**
 * What the triggers have to go into, by what is stored of each view now: after the commits that the table's stream named
 * were in the table, and before any entry is read. A generation of newer code cannot be served here: the streams are
 * refused, so that they come again. One of older code is noted to be behind, and passed by.
 */
export async function liveTargets(
  { domain, views }: { readonly domain: Domain; readonly views: GenerationStore },
  triggers: Triggers,
): Promise<LiveTargets> {
  const refs = [...triggers.values().map(({ ref }) => ref)];
  const types = new Set(refs.map(({ type }) => type));
  const projected = [...domain.views.values()].filter(({ of }) => types.has(of.type));
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
      for (const { name } of refs.filter(({ type }) => type === view.of.type))
        refused.set(
          name,
          new MeridianError('unavailable', `View ${view.name} is built by newer code than runs here.`, {
            retryable: true,
          }),
        );
  }
  return { targets, refused };
}
