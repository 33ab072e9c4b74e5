import type { Domain } from '../definition/domain.ts';
import { hasRepairs } from '../definition/stream.ts';
import { inChunks } from '../facts/chunks.ts';
import { type Commit, isShared, writtenAt } from '../facts/commit.ts';
import { ledgerWriterOf, missesOwnLog } from '../facts/ledger.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { type Dot, positionIn } from '../facts/version.ts';
import { STRANGE_LOG_MS } from '../limits/budgets.ts';
import type { CommitPlace, IntentStore } from '../ports/intent-store.ts';
import type { Ledger } from '../ports/ledger.ts';
import type { Runtime } from '../ports/runtime.ts';
import { repairsHere } from './repair.ts';

export interface NoticePorts {
  readonly domain: Domain;
  readonly region: string;
  /** The Regions of the deployment. */
  readonly regions: readonly string[];
  /** The log that this Region writes. */
  readonly log: string;
  /** The logs that the Regions of the deployment write. */
  readonly logs: readonly string[];
  readonly events: Pick<IntentStore, 'taken'>;
  readonly ledger: Pick<Ledger, 'watched'>;
  readonly runtime: Runtime;
}

/** What matters of a commit that has just come into this Region's table. */
export type Noticed = Pick<Commit, 'stream' | 'log' | 'position' | 'region' | 'hlc' | 'context'>;

/** Streams to look at. */
export interface ToLookAt {
  readonly now: ReadonlySet<string>;
  /** Those of them that have to be looked at again after `LOOK_AGAIN_MS`. */
  readonly again: ReadonlySet<string>;
}

/** Streams that are asked for at once. */
const STREAMS_AT_ONCE = 50;

/**
 * The streams of commits that may have to change an entry of this Region: a commit and another one in the table had not seen each
 * other, or the Region waits for a conflict of the stream to be resolved. The streams of other commits, the usual ones, are not
 * loaded for this.
 *
 * Of two commits that had not seen each other, the one whose record is read last finds the other in the table, which is read
 * strongly consistent. A log has no gaps, so that one position of each log says whether there is any commit that
 * a writer had not seen.
 *
 * A function that has run since before a deployment does not know a log that has got its name there, and asks for no position of it: of a
 * commit in that log and one that is read after it, it would not find the first. So the stream of a new commit in a log that is not known
 * here is looked at, and again when what had not been seen has arrived: a look loads all logs, known or not.
 *
 * If this cannot be found out, all streams are returned: a look does no harm.
 */
export async function noticeConcurrent(ports: NoticePorts, all: readonly Noticed[]): Promise<ToLookAt> {
  // What all Regions write to one log is never concurrent.
  const commits = all.filter((commit) => !isShared(commit));
  const streams = new Set(commits.map(({ stream }) => stream));
  const again = new Set(commits.filter((commit) => isStrange(ports, commit)).map(({ stream }) => stream));
  if (streams.size === 0) return { now: streams, again };
  const asked = commits.flatMap((commit) => placesToAsk(ports, commit));
  try {
    const [taken, ...watched] = await Promise.all([
      ports.events.taken(asked),
      ...inChunks([...streams], STREAMS_AT_ONCE).map((chunk) => ports.ledger.watched(chunk, ports.region)),
    ]);
    const unseen = asked.filter((_, i) => taken[i]).map(({ stream }) => stream);
    const early = commits.filter((commit) => keeps(ports, commit) && missesOwnLog(commit)).map(({ stream }) => stream);
    return { now: new Set([...again, ...unseen, ...early, ...watched.flatMap((each) => [...each])]), again };
  } catch (error) {
    ports.runtime.unexpected(error);
    return { now: streams, again };
  }
}

/** True if a commit that was written lately is in a log that this function does not know: it has had its name for a short time, or no longer has it. */
function isStrange({ log: own, logs, regions, runtime }: NoticePorts, commit: Noticed): boolean {
  const isKnown = [own, ...logs, ...regions].includes(commit.log);
  return !isKnown && runtime.now() - writtenAt(commit) <= STRANGE_LOG_MS;
}

/**
 * The first position of each log that a commit's writer had not seen. A Region keeps the entries about commits of its own logs. So of
 * a commit from elsewhere only its own logs are of interest: its present one, and earlier ones, which no Region writes any more. The
 * Region that repairs a stream looks for all conflicts of it.
 */
function placesToAsk(ports: NoticePorts, commit: Noticed): readonly CommitPlace[] {
  const { log: own, logs, regions } = ports;
  const { stream, log, context } = commit;
  const looksAtAll = keeps(ports, commit) || repairs(ports, stream);
  // A Region's first log has its name. A caller that names an old version may know no commit of it.
  const others = new Set([...logs, ...regions, ...Object.keys(context)]);
  return [...others]
    .filter((other) => other !== log && (looksAtAll || other === own || !logs.includes(other)))
    .map((other): Dot => ({ log: other, position: positionIn(context, other) + 1 }))
    .map((dot) => ({ stream, ...dot }));
}

/** True if this Region may be the one that repairs the conflicts of a stream. If that cannot be found out, a look says why. */
function repairs(ports: NoticePorts, stream: string): boolean {
  const definition = ports.domain.streams.get(parseStreamRef(stream).type);
  if (!definition) return false;
  // A home stream may be written here because its home has moved: only the placement and the stream itself say so.
  if (definition.mode === 'home') return hasRepairs(definition);
  try {
    return repairsHere(ports, stream);
  } catch {
    return true;
  }
}

/** True if this Region keeps the entries about a commit. */
function keeps({ region, regions }: NoticePorts, commit: Noticed): boolean {
  return ledgerWriterOf(commit.region, regions) === region;
}
