// What the entries of a view add up to, and its totals, page by page.

import type { Domain } from '../definition/domain.ts';
import { viewOf } from '../definition/domain.ts';
import { codeVersionOf, type ViewDefinition } from '../definition/view.ts';
import { isShared } from '../facts/commit.ts';
import type { Generations } from '../facts/generation.ts';
import type { Sums, ViewEntry } from '../facts/view-entry.ts';
import { MAX_VERIFIED } from '../limits/budgets.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { generationsOf } from '../view/current-generations.ts';
import { targetOf } from '../view/generation.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';

export interface VerifyViewPorts {
  readonly domain: Domain;
  readonly events: Pick<IntentStore, 'at' | 'taken'>;
  readonly views: ViewStore & GenerationStore;
}

type Result = ActionResult<'verify-view'>;

/** True if this code keeps the generation up to date that reads use. */
export function isServed({
  view,
  generations,
}: {
  readonly view: ViewDefinition;
  readonly generations: Generations;
}): boolean {
  const { codeVersion, behind } = generations.active;
  return codeVersion === codeVersionOf(view) && !behind;
}

/**
 * One page of the entries of a view, with what they add up to, or of its totals. Entries for commits that this Region's table lacks
 * are found here: a stream that is not in the table is on no page of it.
 * @throws MeridianError `unknown-view`; `unavailable`
 */
export async function verifyView(
  ports: VerifyViewPorts,
  { view: name, part, after }: ActionRequest<'verify-view'>,
): Promise<Result> {
  const { domain, views } = ports;
  const view = viewOf(domain, name);
  const generations = await generationsOf(views, view);
  const target = targetOf(view, generations.active);
  const status = { build: generations.active.build, behind: !isServed({ view, generations }) };
  const asked = { after, limit: MAX_VERIFIED, consistent: true };
  if (part === 'totals') {
    const { items, end } = await views.totals(target.name, target.shards, asked);
    return { ...status, read: items.length, sums: items.flatMap(sumsOf), ahead: [], ...endOf(end) };
  }
  const { items, end } = await views.listed(target.name, target.shards, asked);
  const entries = items.map(({ entry }) => entry);
  const sums = new Map<string, Result['sums'][number]>();
  for (const { totals } of entries)
    for (const each of Object.entries(totals).flatMap(([key, sums]) => sumsOf({ key, sums }))) {
      const id = JSON.stringify([each.key, each.field]);
      sums.set(id, { ...each, sum: each.sum + (sums.get(id)?.sum ?? 0) });
    }
  const ahead = await aheadOf(ports, entries);
  return { ...status, read: items.length, sums: [...sums.values()], ahead, ...endOf(end) };
}

function endOf(end: string | undefined): Pick<Result, 'after'> {
  return end === undefined ? {} : { after: end };
}

function sumsOf({ key, sums }: { readonly key: string; readonly sums: Sums }): Result['sums'] {
  return Object.entries(sums).map(([field, sum]) => ({ key, field, sum }));
}

/** The streams of entries with commits that the table lacks. */
async function aheadOf({ events }: VerifyViewPorts, entries: readonly ViewEntry[]): Promise<string[]> {
  const places = entries.flatMap(({ stream, version }) =>
    Object.entries(version).map(([log, position]) => ({ stream, log, position })),
  );
  const shared = places.filter(isShared);
  const own = places.filter((place) => !isShared(place));
  const taken = own.length > 0 ? await events.taken(own) : [];
  const found = await Promise.all(shared.map(({ stream, log, position }) => events.at(stream, log, position)));
  const lacking = [...own.filter((_, i) => !taken[i]), ...shared.filter((_, i) => !found[i])];
  return [...new Set(lacking.map(({ stream }) => stream))];
}
