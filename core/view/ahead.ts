// Entries may be ahead of the table: commits arrive over the bus before replication brings them. One that never reaches
// the table, because it was forged or lost with its Region, would keep its entry ahead of the table, and unchanged. So
// every such entry is announced to the projection's own queue, compared with the table after a while, and in the end
// corrected.

import {
  emptyVersion,
  joinVersions,
  positionIn,
  sameVersion,
  type VersionVector,
  versionDominates,
  versionOf,
} from '../facts/version.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { AHEAD_CHECK_MS, AHEAD_ROUNDS, AHEAD_STREAMS } from '../limits/budgets.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import { type AheadStream, encodeAhead } from '../wire/projection.ts';
import type { Change } from './change.ts';
import type { Target } from './generation.ts';
import type { Loaded } from './kept-streams.ts';

interface AheadPorts {
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
  const byStream = new Map<string, VersionVector>();
  for (const { streams, changes } of computed) {
    const changed = new Map(changes.map(({ entry }) => [entry.stream, entry.version]));
    for (const [stream, { inTable }] of loaded) {
      const known = joinVersions(inTable, streams.get(stream)?.version ?? emptyVersion);
      const version = beyond(changed.get(stream) ?? emptyVersion, known);
      if (!sameVersion(version, emptyVersion))
        byStream.set(stream, joinVersions(byStream.get(stream) ?? emptyVersion, version));
    }
  }
  return sendAhead(
    ports,
    [...byStream].map(([stream, version]) => ({ stream, version, round: 1 })),
  );
}

/** The positions of a version that another one does not include. */
function beyond(version: VersionVector, known: VersionVector): VersionVector {
  return versionOf(new Map(Object.entries(version).filter(([log, position]) => position > positionIn(known, log))));
}

/**
 * Sends streams to the projection's queue, to be compared with the table after a while.
 * @returns the streams that could not be sent, with the reasons
 */
export async function sendAhead(
  { ahead: queue }: AheadPorts,
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

/**
 * Compares an entry with the table.
 * @param entry read before the table
 * @param inTable the version that the table has
 * @param isSame true if the table gives the content of the entry
 */
export function judgeAhead(
  { version, round }: AheadStream,
  entry: ViewEntry,
  inTable: VersionVector,
  isSame: () => boolean,
): Verdict {
  // Another projector has corrected it, or the change that was announced was never written.
  if (!versionDominates(entry.version, version)) return 'settled';
  if (!versionDominates(inTable, version)) return round >= AHEAD_ROUNDS ? 'correct' : 'wait';
  // The table may have another commit at the position than the message brought.
  return sameVersion(inTable, entry.version) && !isSame() ? 'correct' : 'settled';
}
