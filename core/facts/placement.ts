// Where home streams are written after their homes have moved. Entries of one Region never overwrite those of another.

import type { Commit } from './commit.ts';
import { type PinKey, pinKeyIn, pinKeyText } from './pin.ts';
import type { Dot } from './version.ts';

/**
 * An entry's place in the order of all entries: by the forced moves behind it, then by epoch, then by the Region that wrote it. So a
 * forced move comes after every planned one that was made without knowing of it, however many there were: a Region that is taken for
 * lost may go on to move homes. Two Regions may write entries with the same epoch before they see each other's.
 */
export interface EntryKey {
  /** How many forced moves were known when it was written, itself included: one counter for all scopes. */
  readonly forced: number;
  /** 1, 2, 3 …: one counter for all scopes. */
  readonly epoch: number;
  /** The Region that wrote it. */
  readonly by: string;
}

/** Which Region writes the streams of a scope in the place of their home. */
export interface PlacementEntry extends EntryKey {
  /** `forced`: without the Region that acted before. */
  readonly kind: 'planned' | 'forced';
  /** The Region that writes them. */
  readonly acting: string;
  /**
   * Every Region that has acted for the scope since its last move that is complete. A stream is written once each of them has put a
   * seal in its log. None: this move is complete, because nothing is left of what they wrote that has not arrived.
   */
  readonly sources: readonly string[];
  /** The sources that are lost: no seal of theirs is waited for. */
  readonly lost: readonly string[];
  /** When it was written: milliseconds since 1970, by the clock of the Region that wrote it. */
  readonly at: number;
  /** Since when all Regions have shown it: milliseconds since 1970, by the clock of the table of the Region that acts. */
  readonly shownAt?: number;
}

/** The newest entry of each scope: `<home>`, or `<home>/<type>` for the streams of one type. */
export type Placement = Readonly<Record<string, PlacementEntry>>;

/** What one Region has written: no other one writes it. */
export interface PlacementRecord {
  readonly region: string;
  /** 1, 2, 3 …: how often it was written. */
  readonly revision: number;
  readonly entries: Placement;
}

/**
 * The end of a log for the writers of older entries: an empty commit that hands the stream over to the Region it names. Whatever follows
 * it in its log was written under the entry that it is for, or a newer one, as long as the stream has the home that it has then.
 */
export interface Seal {
  readonly key: EntryKey;
  readonly acting: string;
  /** The pin that names the home whose entry it is for. @default the home is that by the stream's id */
  readonly pin?: PinKey;
}

/** No home has moved. */
export const NO_PLACEMENT: Placement = {};

/** Orders keys, oldest first. A missing one is older than all: it is that of a scope without an entry. */
export function compareKeys(a: EntryKey | undefined, b: EntryKey | undefined): number {
  if (!a || !b) return Number(a !== undefined) - Number(b !== undefined);
  return a.forced - b.forced || a.epoch - b.epoch || Number(a.by > b.by) - Number(a.by < b.by);
}

/** The members of an entry that order it. */
export function keyOf({ forced, epoch, by }: EntryKey): EntryKey {
  return { forced, epoch, by };
}

/** The newest entry of each scope of two placements; of one and the same, what is known last of its way to be complete. */
export function joinPlacements(a: Placement, b: Placement): Placement {
  const joined: Record<string, PlacementEntry> = { ...a };
  for (const [scope, entry] of Object.entries(b)) {
    const known = joined[scope];
    const order = compareKeys(known, entry);
    if (!known || order < 0 || (order === 0 && stageOf(known) < stageOf(entry))) joined[scope] = entry;
  }
  return joined;
}

/** True if no Region that wrote the streams before is asked any more. */
export function isComplete({ sources }: PlacementEntry): boolean {
  return sources.length === 0;
}

/** How far a move is: it was written, it is shown by all Regions, it is complete. */
function stageOf(entry: PlacementEntry): 0 | 1 | 2 {
  if (isComplete(entry)) return 2;
  return entry.shownAt === undefined ? 0 : 1;
}

/** The placement that all Regions' records make. */
export function placementOf(records: readonly PlacementRecord[]): Placement {
  return records.map(({ entries }) => entries).reduce(joinPlacements, NO_PLACEMENT);
}

/** The entry for the streams of a type with a home: that of the type, or of the home; undefined if they are written at home. */
export function entryFor(placement: Placement, home: string, type: string): PlacementEntry | undefined {
  return placement[scopeOf(home, type)] ?? placement[home];
}

/**
 * True if a Region is taken for lost where streams of a type are concerned, and writes none of them: neither in the place of another
 * home, nor those at home there.
 */
export function isLostFor(placement: Placement, type: string, region: string): boolean {
  return !actsFor(placement, type, region) && inForceFor(placement, type).some(({ lost }) => lost.includes(region));
}

/**
 * True if a Region writes no `home` streams, and no Region that does waits for it: it is taken for lost, or its moves are complete.
 * @param types all that have a home. If there are none, only the entries of all types can say so
 */
export function isGone(placement: Placement, types: readonly string[], region: string): boolean {
  return (types.length > 0 ? types : ['']).every((type) => {
    const waits = inForceFor(placement, type).some(
      ({ sources, lost }) => sources.includes(region) && !lost.includes(region),
    );
    return !waits && !actsFor(placement, type, region);
  });
}

function actsFor(placement: Placement, type: string, region: string): boolean {
  const acts = inForceFor(placement, type).some(({ acting }) => acting === region);
  return acts || !entryFor(placement, region, type);
}

/** The entries for the streams of a type that are not written at home. */
function inForceFor(placement: Placement, type: string): readonly PlacementEntry[] {
  const homes = new Set(Object.keys(placement).map((scope) => parseScope(scope).home));
  return [...homes].flatMap((home) => entryFor(placement, home, type) ?? []);
}

/** The scope of the streams with a home; with a type, only of those of the type. */
export function scopeOf(home: string, type?: string): string {
  return type === undefined ? home : `${home}/${type}`;
}

/** The parts of a scope. */
export function parseScope(scope: string): { readonly home: string; readonly type?: string } {
  const slash = scope.indexOf('/');
  return slash < 0 ? { home: scope } : { home: scope.slice(0, slash), type: scope.slice(slash + 1) };
}

/** The start of the commitId of a seal: no request may have such an id. */
const SEAL_PREFIX = 'seal:';

/** The commitId of a seal, which says all about it. */
export function sealIdOf({ key: { forced, epoch, by }, acting, pin }: Seal): string {
  return `${SEAL_PREFIX}${forced}.${epoch}.${by}:${acting}${pin ? `:${pinKeyText(pin)}` : ''}`;
}

const SEAL_ID = /^seal:(?<forced>\d+)\.(?<epoch>\d+)\.(?<by>[^.:]+):(?<acting>[^:]+)(?::(?<pin>[^:]+))?$/;

/** The seal that a commit is; undefined if it is none. */
export function sealIn({ commitId, events }: Pick<Commit, 'commitId' | 'events'>): Seal | undefined {
  if (events.length > 0 || !commitId.startsWith(SEAL_PREFIX)) return undefined;
  const { forced, epoch, by, acting, pin } = SEAL_ID.exec(commitId)?.groups ?? {};
  if (by === undefined || acting === undefined) return undefined;
  const key = { forced: Number(forced), epoch: Number(epoch), by };
  if (pin === undefined) return { key, acting };
  const pinned = pinKeyIn(pin);
  return pinned && { key, acting, pin: pinned };
}

/** A seal with its place: the Region that wrote it, and its dot. */
export interface SealAt extends Seal, Dot {
  readonly region: string;
}
