import type { Commit } from '../facts/commit.ts';
import type { ReadConflict } from '../facts/conflict.ts';
import { invalid } from '../facts/errors.ts';
import { countWithin } from '../facts/json.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { type Dot, emptyVersion, type VersionVector, versionDominates } from '../facts/version.ts';
import { PAGE_BYTES } from '../limits/budgets.ts';
import { withVersions } from '../log/conflict-versions.ts';
import type { History } from '../log/history.ts';
import { loadAtLeast, loadWhole, notCaughtUp } from '../log/load.ts';
import { encodeConflict } from '../wire/api.ts';
import { keepShown, type StreamReadPorts, type WaitOptions } from './streams.ts';

export interface ConflictPage {
  readonly conflicts: readonly ReadConflict[];
  /** What this Region has seen of the stream. */
  readonly version: VersionVector;
  readonly more: boolean;
}

interface Asked extends WaitOptions {
  readonly atLeast?: VersionVector | undefined;
  /** The commit of the last conflict that is known. @default from the start */
  readonly after?: Dot | undefined;
  readonly isOpen?: boolean | undefined;
  readonly limit: number;
}

/**
 * The conflicts of a stream, in fold order, as this Region has seen them. Loads the whole stream, because they are computed from its
 * commits. A commit that arrives late may add conflicts before ones that have been read.
 * @throws MeridianError as `readStream`; `validation`: the stream has no commit at `after`
 */
export async function readConflicts(ports: StreamReadPorts, stream: string, asked: Asked): Promise<ConflictPage> {
  const { atLeast, isOpen, limit, waitMs } = asked;
  const ref = parseStreamRef(stream);
  const loaded = atLeast && (await loadAtLeast(ports, ref, { atLeast }, waitMs));
  const history = loaded?.reaches(emptyVersion) ? loaded : await loadWhole(ports, ref);
  if (atLeast && !versionDominates(history.seen, atLeast)) throw await notCaughtUp(ports, history, atLeast);
  await keepShown(ports, history);
  const after = asked.after && commitAt(history, asked.after);
  // One more than requested shows whether any follow.
  const found = history.conflicts({ after, isOpen, limit: limit + 1 });
  const read = found.slice(0, limit).map((conflict) => withVersions(history, conflict));
  const shown = read.map((conflict) => encodeConflict(stream, conflict));
  const conflicts = read.slice(0, countWithin(shown, PAGE_BYTES));
  return { conflicts, version: history.seen, more: found.length > conflicts.length };
}

function commitAt(history: History, { log, position }: Dot): Commit {
  const commit = history.since(emptyVersion).find((each) => each.log === log && each.position === position);
  if (commit) return commit;
  throw invalid([{ path: 'after', message: `is ${log}.${position}, where this Region sees no commit` }]);
}
