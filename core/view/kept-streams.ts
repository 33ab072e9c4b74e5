import { type Commit, isVisible } from '../facts/commit.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { type Dot, type VersionVector, versionCovers, versionOf } from '../facts/version.ts';
import { AHEAD_MS, KEEP_COMMITS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { addMissing, keepSnapshot, type LoadPorts, loadHistory, loadWhole } from '../log/load.ts';
import type { WarmStreams } from '../ports/warm-streams.ts';
import { contentDigest } from './content-digest.ts';

/** A stream that a projector keeps in memory, to ask the table only for what is missing. */
export interface KeptStream {
  readonly history: History;
  /** What the table is known to have. The history may have more: commits that arrived as messages only. */
  readonly inTable: VersionVector;
  readonly ahead: Ahead | undefined;
  readonly announced: Set<Commit>;
}

/** Commits that arrived as messages and are not in the table yet, by place, and since when there have been any. */
interface Ahead {
  readonly commits: ReadonlyMap<string, Commit>;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A stream as loaded. */
export interface Loaded {
  readonly history: History;
  /** The commits in it that arrived as messages, and that the table is not known to have. */
  readonly ahead: readonly Commit[];
  /** Those of them that were announced: this is added to. */
  readonly announced: Set<Commit>;
}

export interface KeptPorts extends LoadPorts {
  /** @default every stream is loaded from the table again */
  readonly keptStreams?: WarmStreams<KeptStream>;
}

/**
 * A stream as in this Region's table, with the commits that have arrived only as messages so far. A stream in memory is
 * continued by what the table has in addition, so that projecting commits one by one reads each of them once.
 */
export async function loadKept(ports: KeptPorts, ref: StreamRef, brought: readonly Commit[]): Promise<Loaded> {
  const { keptStreams } = ports;
  const known = (await continued(ports, ref.name)) ?? justLoaded(await loadHistory(ports, ref));
  let stream = withBrought(ports, known, brought);
  if (!stream.history.holds) stream = withBrought(ports, justLoaded(await loadWhole(ports, ref)), brought);
  // What is kept was changed, so it is replaced even if a snapshot has made it short.
  if (stream.history.count >= KEEP_COMMITS || keptStreams?.get(ref.name)) keptStreams?.set(ref.name, stream);
  return { history: stream.history, ahead: [...(stream.ahead?.commits.values() ?? [])], announced: stream.announced };
}

/** A stream that was just loaded is what the table has. */
function justLoaded(history: History): KeptStream {
  return { history, inTable: history.held, ahead: undefined, announced: new Set() };
}

/** Adds commits to a stream, and notes those that the table is not known to have. */
function withBrought(
  { runtime }: KeptPorts,
  { history, inTable, ahead, announced }: KeptStream,
  brought: readonly Commit[],
): KeptStream {
  const commits = new Map(ahead?.commits);
  // Of two at the same place, the history has the one that arrived first.
  for (const commit of brought)
    if (!versionCovers(inTable, commit) && !commits.has(placeOf(commit))) commits.set(placeOf(commit), commit);
  history.add(brought);
  const isAhead = commits.size > 0;
  return {
    history,
    inTable,
    ahead: isAhead ? { commits, since: ahead?.since ?? runtime.now() } : undefined,
    announced,
  };
}

/**
 * A kept stream with what its table has received since. Undefined if it cannot be continued: it is not kept, the table has
 * another commit than a message brought, or has lacked a brought one for {@link AHEAD_MS}.
 */
async function continued(ports: KeptPorts, stream: string): Promise<KeptStream | undefined> {
  const { keptStreams, events, runtime } = ports;
  const known = keptStreams?.get(stream);
  if (!known || (known.ahead && Math.abs(runtime.now() - known.ahead.since) > AHEAD_MS)) return undefined;
  const { history, ahead, announced } = known;
  const missing = await events.load(stream, known.inTable);
  const waiting = new Map(ahead?.commits);
  for (const commit of missing) {
    const brought = waiting.get(placeOf(commit));
    if (!brought || commit.tx?.state === 'prepared') continue;
    const isSame = isVisible(commit) && contentDigest(runtime, brought) === contentDigest(runtime, commit);
    if (!isSame) return undefined;
    waiting.delete(placeOf(commit));
    announced.delete(brought);
  }
  if (!(await addMissing(ports, history, missing))) return undefined;
  // A snapshot must not include what the table lacks.
  if (waiting.size === 0) await keepSnapshot(ports, history);
  const inTable = extended(known.inTable, missing);
  return { history, inTable, ahead: ahead && waiting.size > 0 ? { ...ahead, commits: waiting } : undefined, announced };
}

/** A version, extended by the decided commits that follow it without a gap. */
function extended(version: VersionVector, commits: readonly Commit[]): VersionVector {
  const decided = commits.filter(({ tx }) => tx?.state !== 'prepared').sort((a, b) => a.position - b.position);
  const positions = new Map(Object.entries(version));
  for (const { log, position } of decided) if ((positions.get(log) ?? 0) === position - 1) positions.set(log, position);
  return versionOf(positions);
}

function placeOf({ log, position }: Dot): string {
  return `${log}#${position}`;
}
