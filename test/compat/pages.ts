import type * as z from 'zod';
import type { Commit } from '../../core/facts/commit.ts';
import type { ReadConflict } from '../../core/facts/conflict.ts';
import {
  type ConflictShown,
  commitPageSchema,
  conflictPageSchema,
  conflictSchema,
  decodeConflictCursor,
  encodeCommitPage,
  encodeConflict,
  encodeConflictPage,
} from '../../core/wire/api.ts';
import { decodeVersionToken } from '../../core/wire/version-token.ts';
import { aCommit } from '../contract/commits.ts';
import { message } from './form.ts';

/** What `GET /streams/{type}/{id}/events` answers. */
export const commitPage = message({
  read: (form) => commitPageSchema.parse(form),
  write: ({ stream, commits, version, next }: z.output<typeof commitPageSchema>) =>
    encodeCommitPage(stream, {
      commits: commits.map((commit) => ({ ...commit, stream, fingerprint: '' })),
      version: decodeVersionToken(stream, version, ''),
      more: next !== undefined,
    }),
  uses: [commitPageSchema, encodeCommitPage],
});

/** What `GET /streams/{type}/{id}/conflicts` answers. */
export const conflictPage = message({
  read: (form) => conflictPageSchema.parse(form),
  write: ({ stream, conflicts, version, next }: z.output<typeof conflictPageSchema>) =>
    encodeConflictPage(stream, {
      conflicts: conflicts.map((conflict) => conflictOf(stream, conflict)),
      version: decodeVersionToken(stream, version, 'version'),
      more: next !== undefined && decodeConflictCursor(next).position > 0,
    }),
  uses: [conflictPageSchema, conflictSchema, encodeConflict, encodeConflictPage, decodeConflictCursor],
});

/** The conflict that is shown so. */
function conflictOf(
  stream: string,
  { about, branches, merged, hlc, resolvedBy, repairedBy, ...shown }: ConflictShown,
): ReadConflict {
  const [own = '', other = ''] = branches;
  const commit = (of: object): Commit => ({ ...aCommit({ stream, position: 1 }), ...of });
  return {
    commit: commit({ ...shown, hlc }),
    against: shown.against.map(commit),
    kind: shown.kind as ReadConflict['kind'],
    about: about.map(({ part, rule, open }) => ({ part, rule, isOpen: open })),
    ...(resolvedBy && { resolvedBy: commit(resolvedBy) }),
    ...(repairedBy && { repairedBy: commit(repairedBy) }),
    branches: [decodeVersionToken(stream, own, 'branches'), decodeVersionToken(stream, other, 'branches')],
    merged: decodeVersionToken(stream, merged, 'merged'),
  };
}
