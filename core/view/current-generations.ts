import type { ViewDefinition } from '../definition/view.ts';
import type { Generations } from '../facts/generation.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import { firstGenerations } from './generation.ts';

/** The current generations of these views, strongly consistent, in one request. */
export async function readGenerations(
  store: GenerationStore,
  views: readonly ViewDefinition[],
): Promise<readonly { readonly view: ViewDefinition; readonly generations: Generations }[]> {
  const stored = await store.generations(views.map(({ name }) => name));
  return views.map((view) => ({ view, generations: stored.get(view.name) ?? firstGenerations(view) }));
}

export async function generationsOf(store: GenerationStore, view: ViewDefinition): Promise<Generations> {
  return (await store.generations([view.name])).get(view.name) ?? firstGenerations(view);
}

/**
 * Changes the generations of a view; retries after a concurrent write. Of concurrent writers, one always succeeds.
 * @param change returns the next generations; undefined if nothing has to be written. It is called again after a
 *   conflict, or if a write's response was lost
 */
export async function changeGenerations(
  store: GenerationStore,
  view: ViewDefinition,
  change: (now: Generations) => Generations | undefined,
): Promise<Generations> {
  for (;;) {
    const now = await generationsOf(store, view);
    const next = change(now);
    if (!next) return now;
    const written = { ...next, revision: now.revision + 1 };
    if (await store.setGenerations(view.name, written)) return written;
  }
}
