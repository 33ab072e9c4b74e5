// Entries may be ahead of the table: commits arrive over the bus before replication brings them. One that never reaches
// the table, because it was forged or lost with its Region, would keep its entry ahead of the table, and unchanged. So
// every such entry is announced to the projection's own queue, compared with the table after a while, and in the end
// corrected.

import { inChunks } from '../facts/chunks.ts';
import { sameVersion, type VersionVector, versionCovers } from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { AHEAD_CHECK_MS, AHEAD_COMMITS, AHEAD_ROUNDS, AHEAD_STREAMS } from '../limits/budgets.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import { type AheadStream, encodeAhead } from '../wire/projection.ts';
import type { Change } from './change.ts';
import { contentDigest } from './content-digest.ts';
import type { Loaded } from './kept-streams.ts';

interface AheadPorts {
  readonly runtime: Pick<Runtime, 'digest'>;
  readonly ahead?: DelayedQueue | undefined;
}

/**
 * Announces the commits that changes have, and the table lacks. An entry that had a commit before may have had another one in its
 * place, so each is announced by everyone who writes it.
 * @returns the streams that could not be announced, with the reasons
 */
export async function announceAhead(
  ports: AheadPorts,
  changes: readonly Change[],
  loaded: ReadonlyMap<string, Loaded>,
): Promise<ReadonlyMap<string, unknown>> {
  const byStream = Map.groupBy(changes, ({ entry }) => entry.stream);
  const news = [...loaded].flatMap(([stream, { ahead, announced }]) => {
    const own = byStream.get(stream);
    const commits = ahead.filter(
      (commit) => !announced.has(commit) && own?.some(({ entry }) => versionCovers(entry.version, commit)),
    );
    return commits.length > 0 ? [{ stream, commits, announced }] : [];
  });
  const unsent = await sendAhead(
    ports,
    news.map(({ stream, commits }) => ({
      stream,
      commits: commits.map((commit) => ({
        log: commit.log,
        position: commit.position,
        digest: contentDigest(ports.runtime, commit),
      })),
      round: 1,
    })),
  );
  for (const { stream, commits, announced } of news)
    if (!unsent.has(stream)) for (const commit of commits) announced.add(commit);
  return unsent;
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
  const parts = streams.flatMap((stream) =>
    inChunks(stream.commits, AHEAD_COMMITS).map((commits) => ({ ...stream, commits })),
  );
  const messages = inChunks(parts, AHEAD_STREAMS);
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
  if (![...missing, ...other].some((commit) => versionCovers(entry.version, commit))) return 'settled';
  if (sameVersion(inTable, entry.version)) return isSame() ? 'settled' : 'correct';
  return round >= AHEAD_ROUNDS ? 'correct' : 'wait';
}
