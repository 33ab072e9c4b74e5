import type { Commit } from './commit.ts';
import type { VersionVector } from './version.ts';

/** What two concurrent events conflict about. */
export interface Disagreement {
  /** A part of the state; `state` if the type does not say which. */
  readonly part: string;
  /** What decides: the name of the part's rule, or `evolve`. */
  readonly rule: string;
  /** True if both changes stay, until a later event that has seen them changes the part. */
  readonly isOpen: boolean;
}

/** A commit that conflicts with others that are folded before it, because neither writer had seen the other. */
export interface Conflict {
  readonly commit: Commit;
  /** The commits that it conflicts with, in fold order. */
  readonly against: readonly Commit[];
  /**
   * `concurrent`: all of them count. Otherwise the commit has the id of an earlier one, and its events do not count:
   * `decided-twice`: it is the same request, decided on another state; `id-reused`: it is another request
   */
  readonly kind: 'concurrent' | 'decided-twice' | 'id-reused';
  /** What they disagree about, if all of them count. */
  readonly about: readonly Disagreement[];
  /** The commit that has resolved it: it had seen all of them, and changes what they disagree about. */
  readonly resolvedBy?: Commit;
  /** No repair that counts has seen all of its commits, and its type has `reconcile`. */
  readonly waits?: true;
  /** The repair that has covered it. If it waits: the last one that had seen its commit, before others arrived. */
  readonly repairedBy?: Commit;
}

/**
 * True while it waits for a repair, or both sides stay, because no later commit has resolved it. What a rule decides is never open
 * otherwise.
 */
export function isOpen({ about, resolvedBy, waits, repairedBy }: Conflict): boolean {
  if (waits || repairedBy) return waits === true;
  return resolvedBy === undefined && about.some((each) => each.isOpen);
}

/** A conflict, and where its two sides can be read. */
export interface ReadConflict extends Conflict {
  /** The versions of its commit, and of what that is against: each with what its writers had seen, and what versions include with it. */
  readonly branches: readonly [VersionVector, VersionVector];
  /** The version of both. */
  readonly merged: VersionVector;
}
