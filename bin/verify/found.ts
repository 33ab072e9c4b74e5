import type { Finding } from '../../core/wire/verify.ts';
import type { Region } from '../client/region.ts';

/** A Region as it is asked. */
export type Verified = Pick<Region, 'name' | 'operate'>;

/** Something that is wrong in one Region. */
export interface Found {
  readonly kind: Finding['kind'] | 'missing' | 'differs' | 'state-differs' | 'total-wrong' | 'view-behind';
  /** The Region in whose tables it is wrong. */
  readonly region: string;
  readonly stream?: string;
  readonly log?: string;
  readonly position?: number;
  readonly view?: string;
  readonly transaction?: string;
  /** The key and the field of a total. */
  readonly key?: string;
  readonly field?: string;
  /** The Region that has the original. */
  readonly original?: string;
  /** Digest of the original. */
  readonly digest?: string;
  readonly detail?: string;
}

/** How it is repaired; undefined: not by this command. */
export type Repair = 'put' | 'resolve' | 'project' | 'rebuild';

const REPAIRS: Readonly<Partial<Record<Found['kind'], Repair>>> = {
  missing: 'put',
  'intent-undecided': 'resolve',
  'intent-unfinished': 'resolve',
  'transaction-undecided': 'resolve',
  'row-missing': 'project',
  'row-behind': 'project',
  'row-ahead': 'project',
  'row-wrong': 'project',
  'total-wrong': 'rebuild',
  'view-behind': 'rebuild',
};

export function repairOf({ kind, original }: Found): Repair | undefined {
  return kind === 'missing' && original === undefined ? undefined : REPAIRS[kind];
}

/** The same for what is found again. */
export function keyOf(found: Found): string {
  const { kind, region, stream, log, position, view, transaction, key, field } = found;
  // A total that is off by another number each time is one that changes.
  const off = kind === 'total-wrong' ? found.detail : undefined;
  return JSON.stringify([kind, region, stream, log, position, view, transaction, key, field, off]);
}

/** What a Region has found in its own tables. */
export function foundIn(region: string, finding: Finding): Found {
  if (finding.kind !== 'unreadable') return { region, ...finding };
  const { why, ...what } = finding;
  return { region, ...what, detail: why };
}

/** What comparing two Regions shows better than one of them: a commit that is missing or changed there. */
export function withoutRepeated(found: readonly Found[]): readonly Found[] {
  const isCompared = ({ kind }: Found) => kind === 'missing' || kind === 'differs';
  const placeOf = ({ region, stream, log, position }: Found) => JSON.stringify([region, stream, log, position]);
  const compared = new Set(found.filter(isCompared).map(placeOf));
  const seen = new Map(found.map((each) => [keyOf(each), each]));
  return [...seen.values()].filter(
    (each) => !['gap', 'changed', 'transaction-incomplete'].includes(each.kind) || !compared.has(placeOf(each)),
  );
}

const TEXTS: Readonly<Record<Found['kind'], string>> = {
  missing: 'is missing',
  differs: 'is another one',
  'state-differs': 'is an intent in another state',
  gap: 'is missing in every Region that was asked',
  changed: 'has events that do not match their digest',
  unreadable: 'cannot be computed',
  'row-missing': 'has no row',
  'row-behind': 'has a row that lacks commits',
  'row-ahead': 'has a row with commits that the table lacks',
  'row-wrong': 'has another row than its commits give',
  'total-wrong': 'is not the sum of its contributions',
  'view-behind': 'is not kept up to date',
  'intent-undecided': 'is an intent that is undecided after its deadline',
  'intent-unfinished': 'is an intent that is decided, and not final',
  'intent-contradicts': 'is in another state than its transaction was decided',
  'intent-without-decision': 'is a committed intent without a decision',
  'transaction-incomplete': 'is missing, and its transaction is committed',
  'transaction-undecided': 'has no outcome after its deadline',
};

const DO: Readonly<Record<Repair, string>> = {
  put: '--repair puts the original there',
  resolve: '--repair has the resolver finish it',
  project: '--repair projects it again',
  rebuild: '--repair rebuilds the view',
};

/** One line. */
export function textOf(found: Found): string {
  const { kind, region, stream, log, position, view, transaction, key, field, original, detail } = found;
  const isAhead = kind === 'row-ahead';
  const dot = log === undefined || isAhead ? '' : ` ${log}.${position}`;
  const total = key === undefined ? '' : ` ${key}.${field}`;
  const what = stream === undefined ? (transaction ?? `${view}${total}`) : `${stream}${dot}`;
  const details = [
    stream !== undefined && view !== undefined ? `view ${view}` : undefined,
    stream !== undefined ? transaction && `transaction ${transaction}` : undefined,
    isAhead ? `from ${log}.${position} on` : undefined,
    original && `the original is in ${original}`,
    detail,
  ].filter((each) => each !== undefined);
  return `${region}: ${what} ${TEXTS[kind]}${details.length > 0 ? ` (${details.join('; ')})` : ''}`;
}

/** What to do about it. */
export function adviceOf(found: Found): string {
  const repair = repairOf(found);
  return repair ? DO[repair] : 'Not repaired: see docs/runbooks/verify.md';
}
