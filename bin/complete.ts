import { keyOf, type PlacementEntry } from '../core/facts/placement.ts';
import { CLOCK_LIMIT_MS } from '../core/limits/budgets.ts';
import type { ActionResult } from '../core/wire/operate.ts';
import type { Region } from './client/region.ts';
import { knows, type Placements, regionNamed } from './placement.ts';
import { lookAtStreams } from './verify/look.ts';

/** Commits with a later stamp than this, after all sources have shown an entry, are not of writers who did not know it. */
const STAMPED_MS = CLOCK_LIMIT_MS + 60_000;

/** What came of completing one move. */
export type Completed = {
  readonly scope: string;
  readonly acting: string;
} & (
  | { readonly state: 'complete' }
  /** A source does not respond, or does not know of the move yet. */
  | { readonly state: 'not-known'; readonly regions: readonly string[] }
  | { readonly state: 'waits'; readonly seconds: number }
  /** Commits of a source have not arrived in the Region that acts. */
  | { readonly state: 'missing'; readonly streams: readonly string[] }
);

/** Takes a move as near to its end as is possible now. */
export async function completeMove(placements: Placements, scope: string, entry: PlacementEntry): Promise<Completed> {
  const { acting } = entry;
  const sources = sourcesOf(placements, entry);
  const unknowing = [...sources, acting].filter((name) => !isShown(placements, name, scope, entry));
  if (unknowing.length > 0) return { scope, acting, state: 'not-known', regions: unknowing };
  const target = regionNamed(placements, acting);
  const asked = { entries: { [scope]: keyOf(entry) } };
  const { waitMs, placement } = await target.operate('complete', asked);
  if (waitMs > 0) return { scope, acting, state: 'waits', seconds: Math.ceil(waitMs / 1000) };
  const shownAt = placement[scope]?.shownAt;
  if (shownAt !== undefined) {
    const until = new Date(shownAt + STAMPED_MS).toISOString();
    const regions = sources.map((name) => regionNamed(placements, name));
    const missing = await missingIn(target, regions, { until, types: placements.types });
    if (missing.length > 0) return { scope, acting, state: 'missing', streams: missing };
    await target.operate('complete', { ...asked, compared: true });
  }
  return { scope, acting, state: 'complete' };
}

/** The sources that can write: a Region that is not deployed any more cannot. */
function sourcesOf({ regions }: Placements, { acting, sources }: PlacementEntry): readonly string[] {
  return sources.filter((name) => name !== acting && regions.some((region) => region.name === name));
}

function isShown({ answers }: Placements, name: string, scope: string, entry: PlacementEntry): boolean {
  const answer = answers.get(name);
  return answer !== undefined && typeof answer !== 'string' && knows(answer.placement, { [scope]: entry });
}

interface Compared {
  /** Up to which stamp. */
  readonly until: string;
  readonly types: readonly string[];
}

/** The streams of which a Region lacks commits that other ones have, or cannot say so. */
async function missingIn(
  target: Region,
  sources: readonly Region[],
  { until, types }: Compared,
): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const source of sources) {
    let page: ActionResult<'verify-scan'> | undefined;
    do {
      page = await source.operate('verify-scan', { until, types: [...types], cursor: page?.cursor });
      if (page.streams.length === 0) continue;
      const { found } = await lookAtStreams([target, source], page.streams, until);
      for (const { kind, region, stream } of found)
        if (region === target.name && stream !== undefined && IN_THE_WAY.has(kind)) missing.add(stream);
    } while (page.cursor !== undefined);
  }
  return [...missing].sort();
}

const IN_THE_WAY: ReadonlySet<string> = new Set(['missing', 'gap', 'differs', 'unreadable']);
