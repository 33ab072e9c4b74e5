import { streamTypeOf } from '../definition/domain.ts';
import { inChunks } from '../facts/chunks.ts';
import { MeridianError } from '../facts/errors.ts';
import { contentOf, type EntryContent, type LedgerEntry, ledgerWriterOf, saysAlready } from '../facts/ledger.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { type VersionVector, versionDominates } from '../facts/version.ts';
import { PROJECT_MS } from '../limits/budgets.ts';
import { withVersions } from '../log/conflict-versions.ts';
import type { History } from '../log/history.ts';
import { loadWhole } from '../log/load.ts';
import type { Ledger, StreamLedger } from '../ports/ledger.ts';
import { Retries } from '../retry.ts';
import { type RepairPorts, repairConflicts, repairsHere } from './repair.ts';

export interface LookPorts extends RepairPorts {
  readonly ledger: Ledger;
}

/**
 * Brings the entries that this Region keeps about a stream up to date with the stream's commits, by a fresh load of all of them.
 * Repeated, late and concurrent looks do no harm: an entry changes only if it is still the one that was read before the load, and
 * only to what was computed from more commits.
 *
 * Conflicts that wait for a repair are repaired here, if this is the Region that does that for the stream: after the entries were
 * written, so that a repair that fails is seen.
 *
 * While a conflict is open, the Region watches the stream: the commit that resolves it has seen everything, and would
 * go unnoticed. A watch begins after the entry was written, and another look follows, for what came in between. It
 * ends only with the token that was set before a load that found nothing open.
 * @throws MeridianError `unknown-stream-type`; `internal`: it cannot be repaired; `unavailable`; `unreadable-event`, retryable
 */
export async function lookForConflicts(ports: LookPorts, stream: string): Promise<void> {
  const { ledger, region, runtime } = ports;
  const ref = parseStreamRef(stream);
  const retries = new Retries(runtime, PROJECT_MS);
  /** The token that this look has set, to end the watch. */
  let last: string | undefined;
  for (;;) {
    const kept = await ledger.ofStream(stream);
    const history = await loadWhole(ports, ref);
    const { changes, isOpen: isOwnOpen } = changesTo(ports, kept, history);
    const written = await putAll(ledger, changes);
    const token = kept.watches[region];
    const repair = written && (await isToRepair(ports, history)) ? await repairConflicts(ports, ref) : undefined;
    // What waits for an intent to become final is repaired when that is noticed; what another Region repairs, when the home moves here first.
    const isOpen = isOwnOpen || repair === 'held' || (repair === undefined && mayMoveHere(ports, history));
    // After a repair its entries change.
    if (written && repair !== 'free') {
      if (token === undefined && !isOpen) return;
      if (token !== undefined && !isOpen && token === last) return ledger.unwatch(stream, region, token);
      if (token !== undefined && isOpen && changes.length === 0) return;
      last = runtime.newId();
      await ledger.watch(stream, region, last);
    }
    if (!(await retries.pause()))
      throw new MeridianError(
        'unavailable',
        `Lost the race to other looks at ${stream} for ${PROJECT_MS / 1000} s. Retry.`,
        {
          retryable: true,
        },
      );
  }
}

/** Known from the look's own load, so that only a stream with such conflicts is loaded for a repair. */
async function isToRepair(ports: LookPorts, history: History): Promise<boolean> {
  if (history.waiting.length === 0) return false;
  if (ports.placement && !ports.placement.isFresh) await ports.placement.reread();
  return repairsHere(ports, history.stream, history.pinFor(ports.region));
}

/** True if conflicts wait for a repair in the Region that writes a home stream: the pin that makes it this one has seen them. */
function mayMoveHere({ domain }: LookPorts, { stream, waiting }: History): boolean {
  return waiting.length > 0 && streamTypeOf(domain, parseStreamRef(stream).type).mode === 'home';
}

/** What this Region has to write, and whether one of its conflicts is open. */
function changesTo(
  { region, regions }: Pick<LookPorts, 'region' | 'regions'>,
  { entries }: StreamLedger,
  history: History,
): { readonly changes: readonly LedgerEntry[]; readonly isOpen: boolean } {
  const own = new Map(entries.filter(({ writer }) => writer === region).map((entry) => [placeOf(entry), entry]));
  const found = history
    .conflicts({ limit: Number.POSITIVE_INFINITY })
    .filter(({ commit }) => ledgerWriterOf(commit.region, regions) === region)
    .map((conflict) => contentOf(history.stream, withVersions(history, conflict)));
  const left = new Map(own);
  for (const content of found) left.delete(placeOf(content));
  const superseded = [...left.values()].map((entry): EntryContent => ({ ...entry, status: 'superseded' }));
  const changes = [...found, ...superseded].flatMap((content) =>
    nextOf(own.get(placeOf(content)), content, { writer: region, covered: history.seen }),
  );
  return { changes, isOpen: found.some(({ status }) => status === 'open') };
}

/** The next revision of an entry, if it has to change, and what is covered has grown. */
function nextOf(
  entry: LedgerEntry | undefined,
  content: EntryContent,
  by: { readonly writer: string; readonly covered: VersionVector },
): readonly LedgerEntry[] {
  if (entry && (saysAlready(entry, content) || !versionDominates(by.covered, entry.covered))) return [];
  return [{ ...content, ...by, revision: (entry?.revision ?? 0) + 1 }];
}

function placeOf({ commit: { log, position } }: EntryContent): string {
  return `${log}.${position}`;
}

/** Entries that are written at the same time. */
const AT_ONCE = 20;

/** @returns false if one of them has changed in the meantime */
async function putAll(ledger: Ledger, changes: readonly LedgerEntry[]): Promise<boolean> {
  let written = true;
  for (const chunk of inChunks(changes, AT_ONCE)) {
    const answers = await Promise.all(chunk.map((entry) => ledger.put(entry)));
    written &&= answers.every(Boolean);
  }
  return written;
}
