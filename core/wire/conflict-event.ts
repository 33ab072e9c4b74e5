import * as z from 'zod';
import { jsonBytes } from '../facts/json.ts';
import type { LedgerEntry } from '../facts/ledger.ts';
import { ANNOUNCED_ABOUT_BYTES, MAX_ANNOUNCED_AGAINST } from '../limits/budgets.ts';
import { encodeListed, listedConflictSchema } from './api.ts';
import { type BusEntry, SOURCE_PREFIX } from './bus.ts';

/** Part of the source of what is announced about conflicts; no stream type has this name. */
const CONFLICT_TYPE = 'conflict';

/** The source of announced conflicts. */
export const CONFLICT_SOURCE = `${SOURCE_PREFIX}${CONFLICT_TYPE}`;

/** The detail types of announced conflicts. */
export type ConflictDetailType = 'ConflictOpen' | 'ConflictResolved';

/**
 * `detail` of `ConflictOpen` and `ConflictResolved`: a revision of an entry of the ledger, as `GET /conflicts` lists it. Receivers must
 * ignore unknown members.
 */
export const announcedConflictSchema = z.looseObject({
  id: z.string().meta({
    description:
      'conflict/<stream>@<log>.<position>.<revision>, the same on every delivery; followed by `.<region>` if that Region announces it for one that has left',
  }),
  ...listedConflictSchema.shape,
  against: listedConflictSchema.shape.against.meta({
    description: `The commits that it conflicts with; at most ${MAX_ANNOUNCED_AGAINST} are listed`,
  }),
  status: z.string().meta({
    description:
      '`open`: both sides stay; `resolved`: a rule or a later commit has decided it; `superseded`: it is no conflict, because one of its commits turned out to be a copy of an earlier one',
  }),
  shortened: z
    .literal(true)
    .exactOptional()
    .meta({ description: 'Not all of `against` and `about` is listed: GET /conflicts has more' }),
  meta: z.looseObject({ region: z.string().meta({ description: 'The Region that keeps and announces the entry' }) }),
});

export type AnnouncedConflict = z.output<typeof announcedConflictSchema>;

/** The detail type of a revision: what is superseded is not open any more. */
export function conflictDetailTypeOf({ status }: Pick<LedgerEntry, 'status'>): ConflictDetailType {
  return status === 'open' ? 'ConflictOpen' : 'ConflictResolved';
}

/** A revision of an entry of the ledger, as it is announced. Its `id` is the same on every delivery. */
export function conflictEntryOf(entry: LedgerEntry): BusEntry {
  return {
    source: CONFLICT_SOURCE,
    detailType: conflictDetailTypeOf(entry),
    detail: JSON.stringify(announced(entry)),
  };
}

function announced(entry: LedgerEntry): AnnouncedConflict {
  const { status, writer } = entry;
  const listed = encodeListed(entry);
  const against = listed.against.slice(0, MAX_ANNOUNCED_AGAINST);
  let left = ANNOUNCED_ABOUT_BYTES;
  const about = listed.about.filter((each) => {
    left -= jsonBytes(each);
    return left >= 0;
  });
  const isShort = against.length < listed.count || about.length < listed.about.length;
  return {
    id: idOf(entry),
    ...listed,
    ...{ against, about, status },
    ...(isShort && { shortened: true }),
    meta: { region: writer },
  };
}

/** The first Region counts the revisions of the entries that it keeps for a Region that has left separately. */
function idOf({ stream, commit: { log, position, region }, revision, writer }: LedgerEntry): string {
  const id = `${CONFLICT_TYPE}/${stream}@${log}.${position}.${revision}`;
  return writer === region ? id : `${id}.${writer}`;
}
