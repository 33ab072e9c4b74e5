import type { ConflictToRepair } from '../definition/conflicts.ts';
import { disagreementsOf, hasRepairs, type RecordedEvent, type StreamDefinition } from '../definition/stream.ts';
import { type Commit, foldOrder, type Stamped } from '../facts/commit.ts';
import { type Conflict, type Disagreement, isOpen } from '../facts/conflict.ts';
import type { Snapshot } from '../facts/snapshot.ts';
import type { Dot } from '../facts/version.ts';
import { Fold, type Folded, recordedEvents } from './fold.ts';

/** Which conflicts of a stream are asked for. */
export interface ConflictsAsked {
  /** Only those of commits that are folded later. @default all */
  readonly after?: Stamped | undefined;
  /** @default both */
  readonly isOpen?: boolean | undefined;
  /** The most that are returned. */
  readonly limit: number;
}

/**
 * The conflicts of a stream, computed from its commits, so they are the same in every Region that has seen the same commits, and
 * nothing has to be written when one occurs. Takes longer the more commits had not seen each other.
 * @param commits all seen commits, in fold order
 * @param base a snapshot that they follow: the conflicts in it are missing
 */
export function conflictsIn(
  definition: StreamDefinition,
  commits: readonly Commit[],
  { after, isOpen: asked, limit }: ConflictsAsked,
  base?: Snapshot,
): readonly Conflict[] {
  const found: Found[] = [];
  /** Whether a conflict of a commit would be returned. If only some are asked for, later commits decide which. */
  const isAsked = (commit: Commit): boolean =>
    (after === undefined || foldOrder(commit, after) > 0) && (asked !== undefined || found.length < limit);
  const add = (conflict: Conflict, events: readonly RecordedEvent[] = []): void => {
    found.push({ conflict, events, open: openPartsOf(conflict) });
  };
  const waits = hasRepairs(definition) ? { waits: true as const } : {};
  const fold = new Fold(definition, base, {
    counted(folded, unseen, saw) {
      for (const each of found) if (each.open.size > 0) resolve(definition, each, folded, saw);
      if (folded.commit.repair) for (const each of found) repair(each, folded.commit, saw);
      const conflict = isAsked(folded.commit) && conflictOf(definition, folded, unseen());
      if (conflict) add({ ...conflict, ...waits }, folded.events);
    },
    decidedAgain(commit, counted) {
      const kind = commit.fingerprint === counted.fingerprint ? 'decided-twice' : 'id-reused';
      if (isAsked(commit)) add({ commit, against: [counted], kind, about: [] });
    },
  });
  for (const commit of commits) fold.apply(commit);
  return found
    .filter(({ conflict }) => asked === undefined || isOpen(conflict) === asked)
    .slice(0, limit)
    .map(({ conflict }) => conflict);
}

/** A conflict, the events of its commit, and the parts that no later commit has resolved yet. */
interface Found {
  conflict: Conflict;
  readonly events: readonly RecordedEvent[];
  readonly open: Set<string>;
}

/** What both sides have changed, and the rule leaves to a later commit. */
function openPartsOf({ about }: Conflict): Set<string> {
  return new Set(about.flatMap(({ part, isOpen }) => (isOpen ? [part] : [])));
}

/** Closes the parts of a conflict that a commit changes whose writer had seen all of its commits. */
function resolve(
  definition: StreamDefinition,
  found: Found,
  { commit, events }: Folded,
  saw: (dot: Dot) => boolean,
): void {
  const { conflict, open } = found;
  if (!saw(conflict.commit) || !conflict.against.every(saw)) return;
  for (const { part } of disagreementsBetween(definition, found.events, events)) open.delete(part);
  if (open.size === 0) found.conflict = { ...conflict, resolvedBy: commit };
}

/**
 * A repair covers a conflict of commits that count if its writer had seen all of them. As long as no repair has, it waits, if its
 * type has `reconcile`.
 */
function repair(found: Found, commit: Commit, saw: (dot: Dot) => boolean): void {
  const { waits, ...conflict } = found.conflict;
  const isDone = conflict.repairedBy !== undefined && !waits;
  if (conflict.kind !== 'concurrent' || isDone || !saw(conflict.commit)) return;
  if (conflict.against.every(saw)) found.conflict = { ...conflict, repairedBy: commit };
  else if (waits) found.conflict = { ...conflict, waits, repairedBy: commit };
}

/** Conflicts as `reconcile` gets them. @throws MeridianError `unreadable-event`, retryable */
export function conflictsToRepair(
  definition: StreamDefinition,
  conflicts: readonly Conflict[],
): readonly ConflictToRepair<RecordedEvent>[] {
  const shown = (commit: Commit) => ({
    commitId: commit.commitId,
    region: commit.region,
    events: recordedEvents(definition, commit),
  });
  return conflicts.map(({ commit, against, about, repairedBy }) => ({
    commit: shown(commit),
    against: against.map(shown),
    about,
    ...(repairedBy && { repairedBy: shown(repairedBy) }),
  }));
}

function disagreementsBetween(
  definition: StreamDefinition,
  earlier: readonly RecordedEvent[],
  later: readonly RecordedEvent[],
): readonly Disagreement[] {
  return earlier.flatMap((a) => later.flatMap((b) => disagreementsOf(definition, a, b)));
}

/** The conflict of a commit; undefined if it has none. */
function conflictOf(
  definition: StreamDefinition,
  { commit, events }: Folded,
  unseen: readonly Folded[],
): Conflict | undefined {
  /** By part: an open one hides that others about the same part are decided. */
  const about = new Map<string, Disagreement>();
  const against = unseen.filter((other) => {
    const disagreements = disagreementsBetween(definition, other.events, events);
    for (const each of disagreements) if (!about.get(each.part)?.isOpen) about.set(each.part, each);
    return disagreements.length > 0;
  });
  if (against.length === 0) return undefined;
  return { commit, against: against.map((other) => other.commit), kind: 'concurrent', about: [...about.values()] };
}
