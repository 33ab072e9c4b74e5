import type { Domain } from '../definition/domain.ts';
import { MeridianError } from '../facts/errors.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import { changeGenerations, readGenerations } from './current-generations.ts';
import { needsNewerCode, notePassedBy, type Target, targetsOf } from './generation.ts';
import type { Triggers } from './trigger.ts';

/** The generations to project into, and the streams that cannot be projected here, with the reasons. */
export interface LiveTargets {
  readonly targets: readonly Target[];
  readonly refused: ReadonlyMap<string, unknown>;
}

/**
 * Reads the generations to project into. Call it before any entry is read; the commits named by the table's stream are
 * in the table by then. If a generation needs newer code, its streams are refused, so that their messages are
 * redelivered. A generation of older code is marked as behind, and skipped.
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
          new MeridianError(
            'unavailable',
            `View ${view.name} was built by newer code than runs here. Retry after the deployment.`,
            {
              retryable: true,
            },
          ),
        );
  }
  return { targets, refused };
}
