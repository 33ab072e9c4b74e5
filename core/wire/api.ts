// Responses of a Region's API: JSON over HTTP.

import * as z from 'zod';
import type { Commit } from '../facts/commit.ts';
import { isOpen, type ReadConflict } from '../facts/conflict.ts';
import type { Outcome } from '../facts/decision.ts';
import { invalid, type Problem, problemSchema } from '../facts/errors.ts';
import { againstIn, type LedgerEntry, MAX_LISTED_AGAINST } from '../facts/ledger.ts';
import type { Dot, VersionVector } from '../facts/version.ts';
import type { Row } from '../facts/view-entry.ts';
import { encodePoint, type Point } from './point.ts';
import { encodeReason } from './reason.ts';
import { type Accepted, acceptedSchema } from './receipt.ts';
import { dotShape, givenMetaSchema, versionVectorSchema } from './schemas.ts';
import { encodeVersionToken } from './version-token.ts';

/** A problem document with the members of certain codes. A domain may use the same names differently. */
export const problemDetailsSchema = problemSchema.extend({
  faults: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .catch(undefined),
  known: z.array(z.string()).optional().catch(undefined),
  actual: z.string().optional().catch(undefined),
  started: z.boolean().optional().catch(undefined),
  lost: z.boolean().optional().catch(undefined),
});

export type ProblemDetails = z.output<typeof problemDetailsSchema>;

/** The result for one of several envelopes: refused, with the members that identify it, or accepted. */
export const submittedSchema: z.ZodType<Submitted> = z.union([
  z.object({ id: z.string().optional(), stream: z.string().optional(), problem: problemSchema }),
  acceptedSchema,
]);

export type Submitted =
  | Accepted
  | { readonly id?: string | undefined; readonly stream?: string | undefined; readonly problem: Problem };

/** The state of a stream as a Region has seen it. */
export const streamStateSchema = z.object({
  stream: z.string(),
  state: z.unknown(),
  version: z.string(),
  mode: z.string(),
  region: z.string(),
  at: z.string().exactOptional().meta({ description: 'The earlier point that was asked for; a time is in UTC' }),
  local: z
    .literal(true)
    .exactOptional()
    .meta({ description: "A strong stream read from this Region's replica alone: it may be behind" }),
});

export function encodeStreamState(
  region: string,
  stream: string,
  read: {
    readonly state: unknown;
    readonly version: VersionVector;
    readonly mode: string;
    readonly at?: Point | undefined;
    readonly local?: boolean | undefined;
  },
): z.output<typeof streamStateSchema> {
  const { state, version, mode, at, local } = read;
  return {
    ...{ stream, state, version: encodeVersionToken(stream, version), mode, region },
    ...(at && { at: encodePoint(stream, at) }),
    ...(local && { local }),
  };
}

const commitSchema = z.looseObject({
  ...dotShape,
  commitId: z.string(),
  region: z.string(),
  hlc: z.string(),
  wallTime: z
    .number()
    .exactOptional()
    .meta({ description: "The writer's clock; present only if `hlc` is ahead of it" }),
  events: z.array(z.looseObject({ type: z.string(), data: z.unknown(), schemaVersion: z.number() })),
  context: versionVectorSchema,
  previous: z.number(),
  meta: givenMetaSchema,
  repair: z.literal(true).exactOptional().meta({ description: 'The commit is a repair of conflicts' }),
});

export type CommitShown = z.output<typeof commitSchema>;

/** Commits of a stream; `next` is present if there are more. */
export const commitPageSchema = z.object({
  stream: z.string(),
  commits: z.array(commitSchema),
  version: z.string(),
  next: z.string().optional(),
});

export function encodeCommitPage(
  stream: string,
  page: { readonly commits: readonly Commit[]; readonly version: VersionVector; readonly more: boolean },
): z.output<typeof commitPageSchema> {
  const version = encodeVersionToken(stream, page.version);
  return { stream, commits: page.commits.map(shown), version, ...(page.more && { next: version }) };
}

/** The public members of a commit. */
function shown({
  stream: _stream,
  fingerprint: _fingerprint,
  digest: _digest,
  tx: _tx,
  events,
  ...commit
}: Commit): CommitShown {
  return { ...commit, events: events.map((event) => ({ ...event })) };
}

/** The commit of a conflict. */
const conflictingShape = { ...dotShape, commitId: z.string(), region: z.string() };

/** Where a page of conflicts ends: `<log>.<position>` of the last one. */
const CURSOR = /^(?<log>[a-z0-9-]+)\.(?<position>[1-9]\d{0,14})$/;

/** @throws MeridianError `validation`, with the path `after` */
export function decodeConflictCursor(text: string): Dot {
  const { log, position } = CURSOR.exec(text)?.groups ?? {};
  if (log !== undefined) return { log, position: Number(position) };
  throw invalid([{ path: 'after', message: `is ${JSON.stringify(text)}; it must be \`next\` of the page before` }]);
}

/** A commit that conflicts with others, because neither writer had seen the other. */
export const conflictSchema = z.object({
  ...conflictingShape,
  hlc: z.string(),
  kind: z.string().meta({
    description:
      '`concurrent`: all commits count; `decided-twice`: a retry that was decided on another state, and does not count; `id-reused`: another request with the same id, which does not count',
  }),
  against: z.array(z.object(conflictingShape)),
  about: z.array(z.object({ part: z.string(), rule: z.string(), open: z.boolean() })),
  open: z
    .boolean()
    .meta({ description: 'Both sides stay until a later commit has seen them, or the conflict waits for a repair' }),
  resolvedBy: z.object(conflictingShape).exactOptional(),
  repairedBy: z.object(conflictingShape).exactOptional().meta({
    description:
      'The repair that has covered it, in a type with `reconcile`. If the conflict is open: the last one that had seen its commit, and not yet all that it is against',
  }),
  branches: z.array(z.string()).meta({ description: 'The versions of the commit, and of those that it is against' }),
  merged: z.string().meta({ description: 'The version of both' }),
});

export type ConflictShown = z.output<typeof conflictSchema>;

/** Conflicts of a stream; `next` is present if there are more. */
export const conflictPageSchema = z.object({
  stream: z.string(),
  conflicts: z.array(conflictSchema),
  version: z.string(),
  next: z.string().optional(),
});

export function encodeConflictPage(
  stream: string,
  page: { readonly conflicts: readonly ReadConflict[]; readonly version: VersionVector; readonly more: boolean },
): z.output<typeof conflictPageSchema> {
  const next = page.more ? page.conflicts.slice(-1) : [];
  return {
    stream,
    conflicts: page.conflicts.map((conflict) => encodeConflict(stream, conflict)),
    version: encodeVersionToken(stream, page.version),
    ...Object.fromEntries(next.map(({ commit: { log, position } }) => ['next', `${log}.${position}`])),
  };
}

/** A conflict as a Region shows it. */
export function encodeConflict(stream: string, conflict: ReadConflict): ConflictShown {
  const { commit, kind, against, about, resolvedBy, repairedBy, branches, merged } = conflict;
  return {
    ...conflicting(commit),
    hlc: commit.hlc,
    kind,
    against: against.map(conflicting),
    about: about.map(({ part, rule, isOpen: open }) => ({ part, rule, open })),
    open: isOpen(conflict),
    ...(resolvedBy && { resolvedBy: conflicting(resolvedBy) }),
    ...(repairedBy && { repairedBy: conflicting(repairedBy) }),
    branches: branches.map((version) => encodeVersionToken(stream, version)),
    merged: encodeVersionToken(stream, merged),
  };
}

function conflicting({ log, position, commitId, region }: Commit) {
  return { log, position, commitId, region };
}

/** A conflict as the ledger lists it, of any stream. */
export const listedConflictSchema = z.object({
  stream: z.string(),
  ...conflictingShape,
  hlc: z.string(),
  at: z.string().meta({ description: "When the commit was written, by its writer's clock" }),
  kind: conflictSchema.shape.kind,
  against: z
    .array(z.object(dotShape))
    .meta({ description: `The commits that it conflicts with; at most ${MAX_LISTED_AGAINST} are listed` }),
  count: z.number().meta({ description: 'How many these are in all' }),
  about: conflictSchema.shape.about,
  open: conflictSchema.shape.open,
  resolvedBy: conflictSchema.shape.resolvedBy,
  repairedBy: conflictSchema.shape.repairedBy,
  branches: conflictSchema.shape.branches,
  merged: conflictSchema.shape.merged,
  revision: z.number().meta({ description: 'How often the entry was written: more than 1 if it has changed' }),
});

export type ListedConflict = z.output<typeof listedConflictSchema>;

/** Conflicts of all streams, by time; `next` is present if there may be more. */
export const listedPageSchema = z.object({
  region: z.string(),
  conflicts: z.array(listedConflictSchema),
  next: z.string().optional(),
});

export function encodeListedPage(
  region: string,
  { entries, next }: { readonly entries: readonly LedgerEntry[]; readonly next: string | undefined },
): z.output<typeof listedPageSchema> {
  return { region, conflicts: entries.map(encodeListed), ...(next !== undefined && { next }) };
}

/** An entry of the ledger as a Region shows it. */
export function encodeListed(entry: LedgerEntry): ListedConflict {
  const { stream, commit, at, kind, about, count, status, resolvedBy, repairedBy, branches, merged, revision } = entry;
  const { hlc, ...dot } = commit;
  return {
    ...{ stream, ...dot, hlc, at: new Date(at).toISOString(), kind, against: [...againstIn(entry)], count },
    about: about.map(({ part, rule, isOpen: open }) => ({ part, rule, open })),
    open: status === 'open',
    ...(resolvedBy && { resolvedBy }),
    ...(repairedBy && { repairedBy }),
    branches: branches.map((version) => encodeVersionToken(stream, version)),
    merged: encodeVersionToken(stream, merged),
    revision,
  };
}

/** Where a page of the ledger ends. */
const LISTED_CURSOR = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S{1,300} [a-z0-9-]{1,40}$/;

/** @throws MeridianError `validation`, with the path `after` */
export function parseListedCursor(text: string): string {
  if (LISTED_CURSOR.test(text)) return text;
  throw invalid([{ path: 'after', message: `is ${JSON.stringify(text)}; it must be \`next\` of the page before` }]);
}

const rowShape = { key: z.string(), value: z.unknown() };
const viewShape = { view: z.string(), region: z.string() };

/** One row of a view. */
export const rowSchema = z.object({ ...viewShape, ...rowShape });

export function encodeRow(region: string, view: string, row: Row): z.output<typeof rowSchema> {
  return { view, region, ...row };
}

/** Rows of a view; `next` is present if there are more. */
export const rowPageSchema = z.object({
  ...viewShape,
  rows: z.array(z.object(rowShape)),
  next: z.string().optional(),
});

export function encodeRowPage(
  region: string,
  view: string,
  { rows, next }: { readonly rows: readonly Row[]; readonly next: string | undefined },
): z.output<typeof rowPageSchema> {
  return { view, region, rows: [...rows], ...(next !== undefined && { next }) };
}

/**
 * The newest stamp that a Region has seen from each Region, and the age of that stamp; null: none yet. The stamp of an
 * idle Region ages too. `version` is that of Meridian where it is deployed; a world has none.
 */
export const healthSchema = z.object({
  region: z.string(),
  version: z.string().optional(),
  seen: z.record(z.string(), z.object({ at: z.string(), ageMs: z.number() }).nullable()),
});

export type Health = z.output<typeof healthSchema>;

/** A Region that can serve. One that cannot is a problem. */
export const liveSchema = z.object({ region: z.string(), live: z.literal(true) });

export type Live = z.output<typeof liveSchema>;

/** The known state of a transaction. */
export const transactionShownSchema = z.discriminatedUnion('state', [
  z.object({ id: z.string(), state: z.literal('undecided') }),
  z.object({
    id: z.string(),
    state: z.literal('committed'),
    participants: z.array(z.object({ stream: z.string(), version: z.string(), ...dotShape })),
  }),
  z.object({
    id: z.string(),
    state: z.literal('aborted'),
    reason: problemSchema,
    /** The stream that caused the abort. */
    participant: z.string().optional(),
  }),
]);

export type TransactionShown = z.output<typeof transactionShownSchema>;

/** An `unknown` outcome has no representation. */
export function encodeTransaction(outcome: Exclude<Outcome, { state: 'unknown' }>): TransactionShown {
  const { id, state } = outcome;
  switch (state) {
    case 'undecided':
      return { id, state };
    case 'committed':
      return {
        id,
        state,
        participants: outcome.participants.map(({ stream, version, log, position }) => ({
          stream,
          version: encodeVersionToken(stream, version),
          log,
          position,
        })),
      };
    case 'aborted':
      return { id, state, ...encodeReason(outcome.reason) };
  }
}
