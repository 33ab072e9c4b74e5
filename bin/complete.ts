import { inChunks } from '../core/facts/chunks.ts';
import { isComplete, keyOf, type PlacementEntry, parseScope } from '../core/facts/placement.ts';
import { COMPLETE_AFTER_MS, MAX_VERIFIED } from '../core/limits/budgets.ts';
import type { ActionResult } from '../core/wire/operate.ts';
import { knows, type Placements, regionNamed } from './placement.ts';
import type { Found } from './verify/found.ts';
import { lookAtStreams } from './verify/look.ts';

/** What came of completing one move. */
export type Completed = {
  readonly scope: string;
  readonly acting: string;
} & (
  | { readonly state: 'complete' }
  /** Regions that do not respond, or do not know of the move yet. */
  | { readonly state: 'not-known'; readonly regions: readonly string[] }
  | { readonly state: 'waits'; readonly seconds: number }
  /** Streams on which the Regions differ, or with a transaction that is not finished. */
  | { readonly state: 'differs'; readonly streams: readonly string[] }
);

/** Takes all moves as near to their end as is possible now. */
export async function completeMoves(placements: Placements): Promise<readonly Completed[]> {
  const moves = await Promise.all(
    Object.entries(placements.known).map(async ([scope, entry]) => ({
      ...{ scope, entry },
      step: await beforeComparing(placements, scope, entry),
    })),
  );
  const ready = moves.filter(({ step }) => step === 'compare');
  const different = ready.length > 0 ? await differing(placements, untilOf(placements, ready)) : [];
  return Promise.all(
    moves.map(({ scope, entry, step }) =>
      step === 'compare' ? afterComparing(placements, { scope, entry }, different) : step,
    ),
  );
}

interface Move {
  readonly scope: string;
  readonly entry: PlacementEntry;
}

/** @returns `compare` if the Regions may be compared now */
async function beforeComparing(
  placements: Placements,
  scope: string,
  entry: PlacementEntry,
): Promise<Completed | 'compare'> {
  const { acting } = entry;
  if (isComplete(entry)) return { scope, acting, state: 'complete' };
  // Not only the sources: another Region may act next, and would not ask them any more.
  const unknowing = placements.regions
    .map(({ name }) => name)
    .filter((name) => {
      const answer = placements.answers.get(name);
      return answer === undefined || typeof answer === 'string' || !knows(answer.placement, { [scope]: entry });
    });
  if (unknowing.length > 0) return { scope, acting, state: 'not-known', regions: unknowing };
  const { waitMs } = await regionNamed(placements, acting).operate('complete', { entries: { [scope]: keyOf(entry) } });
  return waitMs > 0 ? waits({ scope, entry }, waitMs) : 'compare';
}

function waits({ scope, entry: { acting } }: Move, waitMs: number): Completed {
  return { scope, acting, state: 'waits', seconds: Math.ceil(waitMs / 1000) };
}

async function afterComparing(placements: Placements, move: Move, different: readonly string[]): Promise<Completed> {
  const { scope, entry } = move;
  const { acting } = entry;
  const { type } = parseScope(scope);
  const streams = different.filter((stream) => type === undefined || stream.startsWith(`${type}/`));
  if (streams.length > 0) return { scope, acting, state: 'differs', streams };
  const asked = { entries: { [scope]: keyOf(entry) }, compared: true };
  const { placement, waitMs } = await regionNamed(placements, acting).operate('complete', asked);
  const after = placement[scope];
  return after && isComplete(after) ? { scope, acting, state: 'complete' } : waits(move, waitMs);
}

/**
 * Up to which stamp the Regions are compared: a writer that did not know of a move wrote its commits before, by a clock that may be ahead. What is
 * written by those who know may still be on its way.
 */
function untilOf({ answers }: Placements, moves: readonly Move[]): string {
  const shownAt = moves.map(({ scope, entry }) => {
    const answer = answers.get(entry.acting);
    return (typeof answer === 'object' ? answer.placement[scope]?.shownAt : undefined) ?? Date.now();
  });
  return new Date(Math.max(...shownAt) + COMPLETE_AFTER_MS).toISOString();
}

/** The home streams on which Regions differ, or which cannot be compared. */
async function differing({ regions, types }: Placements, until: string): Promise<readonly string[]> {
  const different = new Set<string>();
  const compared = new Set<string>();
  for (const region of regions)
    for (const some of inChunks([...types], MAX_VERIFIED)) {
      let cursor: string | undefined;
      do {
        const page: ActionResult<'verify-scan'> = await region.operate('verify-scan', { until, types: some, cursor });
        const streams = page.streams.filter((stream) => !compared.has(stream));
        for (const stream of streams) compared.add(stream);
        const { found } = streams.length > 0 ? await lookAtStreams(regions, streams, until) : { found: [] };
        for (const each of found) if (each.stream !== undefined && isInTheWay(each)) different.add(each.stream);
        cursor = page.cursor;
      } while (cursor !== undefined);
    }
  return [...different].sort();
}

const IN_THE_WAY: ReadonlySet<Found['kind']> = new Set([
  ...(['missing', 'differs', 'state-differs', 'unreadable'] as const),
  ...(['intent-undecided', 'intent-unfinished'] as const),
]);

/** A gap is not: what no Region has cannot arrive any more. Nor are views. */
function isInTheWay({ kind, view }: Found): boolean {
  return view === undefined && IN_THE_WAY.has(kind);
}
