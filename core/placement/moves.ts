import {
  type EntryKey,
  entryFor,
  type Placement,
  type PlacementEntry,
  parseScope,
  scopeOf,
} from '../facts/placement.ts';

/** A move of the home streams that one Region writes now to another one. */
export interface Move {
  readonly from: string;
  readonly to: string;
  /** Only streams of this type. */
  readonly type?: string | undefined;
  /** Only streams with this home. */
  readonly home?: string | undefined;
  /** `forced`: without the Region that writes them now, which is lost. */
  readonly kind: PlacementEntry['kind'];
}

/** Who writes the entries of a move, when, and what the deployment has. */
export interface Planning {
  /** The Region that writes them. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly regions: readonly string[];
  /** The stream types that have a home. */
  readonly types: readonly string[];
}

/**
 * The entries of a move, by scope: one for every scope whose streams the Region writes now, all of the next epoch. Its own
 * scope is among them, unless that was moved before. None if it writes no such streams. A forced move also has those that the target
 * writes already, and of which it waits for the lost Region.
 *
 * A forced move of all types also has an entry for each type: the lost Region may have moved a type without anyone having seen it,
 * and an older entry of a type would count before that of its home.
 */
export function planMove(placement: Placement, move: Move, planning: Planning): Placement {
  const known = Object.values(placement);
  const epoch = 1 + Math.max(0, ...known.map((entry) => entry.epoch));
  const forced = Number(move.kind === 'forced') + Math.max(0, ...known.map((entry) => entry.forced));
  return Object.fromEntries(
    scopesOf(placement, move, planning).map((scope) => [
      scope,
      nextEntry(inForce(placement, scope), move, { forced, epoch, ...planning }),
    ]),
  );
}

/** The moves that bring the streams with a home back to it: one for each Region that writes some of them now. */
export function planFailback(
  placement: Placement,
  { home, type }: { readonly home: string; readonly type?: string | undefined },
): readonly Move[] {
  const scopes = type === undefined ? Object.keys(placement) : [scopeOf(home, type)];
  const acting = scopes
    .filter((scope) => parseScope(scope).home === home)
    .flatMap((scope) => inForce(placement, scope)?.acting ?? []);
  return [...new Set(acting)]
    .filter((from) => from !== home)
    .sort()
    .map((from) => ({ from, to: home, home, kind: 'planned', ...(type !== undefined && { type }) }));
}

function nextEntry(
  before: PlacementEntry | undefined,
  { from, to, kind }: Move,
  { forced, epoch, by, at }: Pick<Planning, 'at'> & EntryKey,
): PlacementEntry {
  const lost = [...(before?.lost ?? []), ...(kind === 'forced' ? [from] : [])];
  return {
    ...{ forced, epoch, by, kind, acting: to, at },
    sources: [...new Set([...(before?.sources ?? []), from])],
    lost: [...new Set(lost)].filter((region) => region !== to),
  };
}

function scopesOf(placement: Placement, move: Move, { regions, types }: Planning): string[] {
  const { from, type, home, kind } = move;
  const isWritten = (scope: string): boolean =>
    actingFor(placement, scope) === from || waitsFor(placement, scope, move);
  // A Region that was removed may still be the home of streams, by their pins.
  const moved = Object.keys(placement).map((scope) => parseScope(scope).home);
  const homes = home === undefined ? [...new Set([...regions, ...moved])] : [home];
  if (type !== undefined) return homes.map((each) => scopeOf(each, type)).filter(isWritten);
  const ofTypes = homes.flatMap((each) => types.map((name) => scopeOf(each, name)));
  const stored = Object.keys(placement).filter((scope) => homes.includes(parseScope(scope).home));
  const known = kind === 'forced' ? [...stored, ...ofTypes] : stored;
  return [...new Set([...homes, ...known])].filter(isWritten);
}

/** True if the target acts already, and waits for a Region that is taken for lost now. */
function waitsFor(placement: Placement, scope: string, { from, to, kind }: Move): boolean {
  const entry = inForce(placement, scope);
  return kind === 'forced' && entry?.acting === to && entry.sources.includes(from) && !entry.lost.includes(from);
}

function actingFor(placement: Placement, scope: string): string {
  return inForce(placement, scope)?.acting ?? parseScope(scope).home;
}

/** The entry that counts for the streams of a scope. */
function inForce(placement: Placement, scope: string): PlacementEntry | undefined {
  const { home, type } = parseScope(scope);
  return type === undefined ? placement[home] : entryFor(placement, home, type);
}
