import type { Commit } from '../facts/commit.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { type Dot, emptyVersion, type VersionVector, versionCovers, versionOf } from '../facts/version.ts';
import { AHEAD_MS, KEEP_COMMITS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { addMissing, keepSnapshot, type LoadPorts, loadHistory, loadWhole } from '../log/load.ts';
import type { WarmStreams } from '../ports/warm-streams.ts';

/** A stream that a projector keeps in memory, to ask the table only for what is missing. */
export interface KeptStream {
  readonly history: History;
  /** What the table is known to have. The history may have more: commits that arrived as messages only. */
  readonly inTable: VersionVector;
  readonly ahead: Ahead | undefined;
}

/** Commits that arrived as messages and are not in the table yet, by place, and since when there have been any. */
interface Ahead {
  readonly commits: ReadonlyMap<string, Commit>;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** A stream as loaded, and the commits in it that the table is not known to have. */
export interface Loaded {
  readonly history: History;
  readonly ahead: readonly Commit[];
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
  const { keptStreams, runtime } = ports;
  const kept = await continued(ports, ref.name);
  const history = kept?.history ?? (await loadHistory(ports, ref));
  const ahead = new Map(kept?.ahead?.commits);
  // A stream that was just loaded is what the table has.
  for (const commit of brought)
    if (!(kept ? versionCovers(kept.inTable, commit) : history.has(commit))) ahead.set(placeOf(commit), commit);
  const isKept = keptStreams && history.count + brought.length >= KEEP_COMMITS;
  const inTable = kept?.inTable ?? (isKept ? history.held : emptyVersion);
  history.add(brought);
  if (!history.holds) {
    const whole = await loadWhole(ports, ref);
    const lacked = brought.filter((commit) => !whole.has(commit));
    whole.add(brought);
    return { history: whole, ahead: lacked };
  }
  if (isKept)
    keptStreams.set(ref.name, {
      history,
      inTable,
      ahead: ahead.size > 0 ? { commits: ahead, since: kept?.ahead?.since ?? runtime.now() } : undefined,
    });
  return { history, ahead: [...ahead.values()] };
}

/**
 * A kept stream with what its table has received since. Undefined if it cannot be continued: it is not kept, the table has
 * another commit than a message brought, or has lacked a brought one for {@link AHEAD_MS}.
 */
async function continued(ports: KeptPorts, stream: string): Promise<KeptStream | undefined> {
  const { keptStreams, events, runtime } = ports;
  const known = keptStreams?.get(stream);
  if (!known || (known.ahead && Math.abs(runtime.now() - known.ahead.since) > AHEAD_MS)) return undefined;
  const { history, ahead } = known;
  const missing = await events.load(stream, known.inTable);
  const waiting = new Map(ahead?.commits);
  for (const commit of missing) {
    const brought = waiting.get(placeOf(commit));
    if (brought && !isSame(brought, commit)) return undefined;
    waiting.delete(placeOf(commit));
  }
  if (!(await addMissing(ports, history, missing))) return undefined;
  // A snapshot must not include what the table lacks.
  if (waiting.size === 0) await keepSnapshot(ports, history);
  const inTable = extended(known.inTable, missing);
  return { history, inTable, ahead: ahead && waiting.size > 0 ? { ...ahead, commits: waiting } : undefined };
}

function isSame(a: Commit, b: Commit): boolean {
  return a.commitId === b.commitId && a.fingerprint === b.fingerprint && a.digest === b.digest && a.hlc === b.hlc;
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
