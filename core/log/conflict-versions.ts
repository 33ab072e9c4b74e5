import type { Conflict, ReadConflict } from '../facts/conflict.ts';
import { joinVersions } from '../facts/version.ts';
import type { History } from './history.ts';

/** A conflict of a history, with the versions at which its two sides can be read. */
export function withVersions(history: History, conflict: Conflict): ReadConflict {
  const own = history.versionOf(conflict.commit);
  const other = conflict.against.map((commit) => history.versionOf(commit)).reduce(joinVersions);
  return { ...conflict, branches: [own, other], merged: joinVersions(own, other) };
}
