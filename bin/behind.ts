// How far a Region is behind another one.

import type { Health } from '../core/index.ts';
import type { Region } from './client/region.ts';

type Seen = Health['seen'][string] | undefined;

/**
 * @param theirs the newest commit that the other Region has written @param ours the newest of that Region's commits
 *   that has arrived here
 */
export function behindOf(theirs: Seen, ours: Seen): number | null {
  if (theirs === undefined) return null;
  // The other Region has written nothing, so no Region is behind it.
  if (theirs === null) return 0;
  return ours ? Math.max(0, Date.parse(theirs.at) - Date.parse(ours.at)) : null;
}

/** Milliseconds as text. */
export function durationOf(milliseconds: number | null): string {
  if (milliseconds === null) return '?';
  if (milliseconds < 1000) return `${milliseconds} ms`;
  return milliseconds < 120_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 60_000)} min`;
}

/** How far the target of a move has caught up with the Region that writes the streams now. */
export interface CaughtUp {
  readonly from: string;
  readonly to: string;
  /** When the newest commit of that Region was written that the target has; null if it has none, or does not respond. */
  readonly newest: string | null;
  /** How long ago that was, in milliseconds, by the target's clock. */
  readonly ageMs: number | null;
  /** How much later that Region has written its own newest commit, in milliseconds; null if it does not respond. */
  readonly behindMs: number | null;
}

/** Asks both Regions of a move how far the target has caught up. */
export async function caughtUp(from: Region, to: Region): Promise<CaughtUp> {
  const [own, arrived] = await Promise.all(
    [from, to].map(async (region) => {
      const health = await region.health().catch(() => undefined);
      return health?.seen[from.name];
    }),
  );
  return {
    ...{ from: from.name, to: to.name, newest: arrived?.at ?? null, ageMs: arrived?.ageMs ?? null },
    behindMs: behindOf(own, arrived),
  };
}

/** What was found, as a sentence. */
export function caughtUpText({ from, to, newest, ageMs, behindMs }: CaughtUp): string {
  if (newest === null) return `${to} has no commit of ${from}, or does not respond.`;
  const arrived = `${to} has the commits of ${from} up to ${newest}, ${durationOf(ageMs)} ago`;
  if (behindMs === null) return `${arrived}. ${from} does not respond: what it has written since is not known.`;
  return behindMs === 0
    ? `${arrived}: ${from} has written nothing since.`
    : `${arrived}: ${from} has written for ${durationOf(behindMs)} since.`;
}
