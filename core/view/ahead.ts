// Entries may be ahead of the table: commits arrive over the bus before replication brings them. One that never reaches
// the table, because it was forged or lost with its Region, would keep its entry ahead of the table, and unchanged. So
// every such entry is announced to the projection's own queue, compared with the table after a while, and in the end
// corrected.

import type { Commit } from '../facts/commit.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import { emptyVersion, sameVersion, type VersionVector, versionCovers } from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { AHEAD_CHECK_MS, AHEAD_ROUNDS, AHEAD_STREAMS } from '../limits/budgets.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import { type AheadStream, encodeAhead } from '../wire/projection.ts';
import type { Change } from './change.ts';
import type { Target } from './generation.ts';
import type { Loaded } from './kept-streams.ts';

interface AheadPorts {
  readonly runtime: Pick<Runtime, 'digest'>;
  readonly ahead?: DelayedQueue | undefined;
}

/** The changes of one generation, and the entries that they replace. */
interface Computed {
  readonly target: Target;
  readonly streams: ReadonlyMap<string, ViewEntry | undefined>;
  readonly changes: readonly Change[];
}

/**
 * Announces the changes with commits that neither the table nor the entry before has. What an entry has already was announced
 * when it was written.
 * @returns the streams that could not be announced, with the reasons
 */
export async function announceAhead(
  ports: AheadPorts,
  computed: readonly Computed[],
  loaded: ReadonlyMap<string, Loaded>,
): Promise<ReadonlyMap<string, unknown>> {
  const announced = new Map<string, Set<Commit>>();
  for (const { streams, changes } of computed)
    for (const { entry } of changes) {
      const before = streams.get(entry.stream)?.version ?? emptyVersion;
      for (const commit of loaded.get(entry.stream)?.ahead ?? [])
        if (versionCovers(entry.version, commit) && !versionCovers(before, commit))
          announced.set(entry.stream, (announced.get(entry.stream) ?? new Set()).add(commit));
    }
  return sendAhead(
    ports,
    [...announced].map(([stream, commits]) => ({
      stream,
      commits: [...commits].map((commit) => ({
        log: commit.log,
        position: commit.position,
        digest: contentDigest(ports, commit),
      })),
      round: 1,
    })),
  );
}

/** A digest of what a commit carries, over the bus and in the table. */
export function contentDigest({ runtime }: Pick<AheadPorts, 'runtime'>, commit: Commit): string {
  const { stream, log, position, commitId, fingerprint, digest, events, ...place } = commit;
  const { context, previous, hlc, wallTime, region, meta } = place;
  const content = { stream, log, position, commitId, fingerprint, digest, events };
  return fingerprintOf(runtime, { ...content, context, previous, hlc, wallTime, region, meta });
}

/**
 * Sends streams to the projection's queue, to be compared with the table after a while.
 * @returns the streams that could not be sent, with the reasons
 */
export async function sendAhead(
  { ahead: queue }: Pick<AheadPorts, 'ahead'>,
  streams: readonly AheadStream[],
): Promise<ReadonlyMap<string, unknown>> {
  const unsent = new Map<string, unknown>();
  if (!queue) return unsent;
  const messages = Array.from({ length: Math.ceil(streams.length / AHEAD_STREAMS) }, (_, i) =>
    streams.slice(i * AHEAD_STREAMS, (i + 1) * AHEAD_STREAMS),
  );
  await Promise.all(
    messages.map(async (own) => {
      const why = await send(queue, own);
      if (why !== undefined) for (const { stream } of own) unsent.set(stream, why);
    }),
  );
  return unsent;
}

/** @returns why the message was not sent */
async function send(queue: DelayedQueue, streams: readonly AheadStream[]): Promise<unknown> {
  try {
    const [why] = await queue.send([{ body: encodeAhead(streams), delay: AHEAD_CHECK_MS }]);
    return why;
  } catch (error) {
    return error;
  }
}

/** True if a stream is compared with the table in this round: rarely, while it waits for long. */
export function isDue({ round }: AheadStream): boolean {
  return round >= AHEAD_ROUNDS || Number.isInteger(Math.log2(round));
}

/** What is to be done about an entry that was ahead of the table. */
export type Verdict = 'settled' | 'wait' | 'correct';

/** The commits of a stream that the table lacks, and those in whose place it has another one. */
export interface Suspect {
  readonly ahead: AheadStream;
  readonly missing: AheadStream['commits'];
  readonly other: AheadStream['commits'];
}

/**
 * Decides about an entry with commits that the table lacks, or has others for.
 * @param entry read before the table
 * @param inTable the version that the table has
 * @param isSame true if the table gives the content of the entry
 */
export function judgeAhead(
  { ahead: { round }, missing, other }: Suspect,
  entry: ViewEntry,
  inTable: VersionVector,
  isSame: () => boolean,
): Verdict {
  // Another projector has corrected it, or the change that was announced was never written.
  if (![...missing, ...other].every((commit) => versionCovers(entry.version, commit))) return 'settled';
  if (round >= AHEAD_ROUNDS) return 'correct';
  if (!sameVersion(inTable, entry.version)) return 'wait';
  return isSame() ? 'settled' : 'correct';
}
