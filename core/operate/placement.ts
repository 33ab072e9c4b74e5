import type { Domain } from '../definition/domain.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import type { Fault } from '../facts/fault.ts';
import {
  compareKeys,
  type EntryKey,
  isComplete,
  joinPlacements,
  type Placement,
  type PlacementEntry,
  type PlacementRecord,
  parseScope,
  placementOf,
} from '../facts/placement.ts';
import { COMPLETE_AFTER_MS } from '../limits/budgets.ts';
import { type Move, planMove } from '../placement/moves.ts';
import type { PlacementStore } from '../ports/placement.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ActionRequest, ActionResult } from '../wire/operate.ts';

export interface PlacementPorts {
  readonly domain: Domain;
  readonly region: string;
  readonly regions: readonly string[];
  /** @default not deployed yet: no home can move */
  readonly placements?: PlacementStore | undefined;
  readonly runtime: Pick<Runtime, 'now' | 'clockAhead'>;
}

/** Where home streams are written, as far as this Region knows. @throws MeridianError `unavailable` */
export async function showPlacement(ports: PlacementPorts): Promise<ActionResult<'placement'>> {
  return { ...shown(ports, placementOf(await storeOf(ports).records())), pins: true };
}

/**
 * Moves homes. A planned move is written in the Region that writes the streams now, a forced one in the target. Repeated, it is
 * recognised as done.
 * @throws MeridianError `validation`; `misdirected`: another Region writes this move; `placement-changed`: read it again;
 *   `unavailable`
 */
export async function moveHomes(ports: PlacementPorts, asked: ActionRequest<'move'>): Promise<ActionResult<'move'>> {
  const { region, regions, runtime } = ports;
  const { known, acceptLossWindow: _accepted, ...move } = asked;
  checkMove(ports, asked);
  const store = storeOf(ports);
  const records = await store.records();
  const stored = placementOf(records);
  const own = ownRecord(records, region);
  const done = doneBy(own, move, { known, stored });
  if (Object.keys(done).length > 0) return { ...shown(ports, stored), moved: done };
  if (isNewer(stored, known)) throw changed(ports, stored);
  const moved = planMove(joinPlacements(known, stored), move, {
    by: region,
    at: runtime.now(),
    regions,
    types: homeTypes(ports),
  });
  if (Object.keys(moved).length === 0)
    throw invalid([{ path: 'from', message: `${move.from} writes none of these streams now: nothing is to be moved` }]);
  const entries = joinPlacements(own.entries, moved);
  if (!(await store.put({ region, revision: own.revision + 1, entries })))
    throw changed(ports, placementOf(await store.records()));
  return { ...shown(ports, joinPlacements(stored, moved)), moved };
}

/**
 * Ends moves, in the Region that acts: no Region that wrote the streams before is asked any more. The first call says that all Regions
 * show the entries, and begins the wait that is in the answer; the last one, after it, that they have the same commits.
 * Repeated, it changes nothing.
 * @throws MeridianError `misdirected`: another Region acts; `placement-changed`: read it again; `unavailable`
 */
export async function completeMoves(
  ports: PlacementPorts,
  { entries: asked, compared }: ActionRequest<'complete'>,
): Promise<ActionResult<'complete'>> {
  const { region, runtime } = ports;
  const store = storeOf(ports);
  const records = await store.records();
  const stored = placementOf(records);
  // A process of this function may measure the wait with another clock than the one before: both are compared with the table's.
  const now = runtime.now() - runtime.clockAhead();
  const named = Object.entries(asked).map(
    ([scope, key]) => [scope, namedEntry(ports, stored, { scope, key })] as const,
  );
  const next: Placement = Object.fromEntries(
    named.map(([scope, entry]) => [scope, nextStage(ports, entry, { now, compared })]),
  );
  if (named.some(([scope, entry]) => next[scope] !== entry)) {
    const own = ownRecord(records, region);
    const entries = joinPlacements(own.entries, next);
    if (!(await store.put({ region, revision: own.revision + 1, entries })))
      throw changed(ports, placementOf(await store.records()));
  }
  const waits = Object.values(next).map((entry) => waitOf(entry, now));
  return { ...shown(ports, joinPlacements(stored, next)), waitMs: Math.max(...waits) };
}

/** @throws MeridianError `placement-changed`, `misdirected` */
function namedEntry(
  ports: PlacementPorts,
  stored: Placement,
  { scope, key }: { readonly scope: string; readonly key: EntryKey },
): PlacementEntry {
  const { region } = ports;
  const entry = stored[scope];
  if (!entry || compareKeys(entry, key) !== 0) throw changed(ports, stored);
  if (entry.acting === region) return entry;
  throw new MeridianError(
    'misdirected',
    `A move to ${entry.acting} is complete when ${entry.acting} says so, not ${region}.`,
    {
      details: { home: entry.acting },
    },
  );
}

function nextStage(
  { regions }: PlacementPorts,
  entry: PlacementEntry,
  { now, compared }: { readonly now: number; readonly compared: boolean },
): PlacementEntry {
  if (isComplete(entry)) return entry;
  if (entry.shownAt === undefined) return { ...entry, shownAt: now };
  if (!compared || waitOf(entry, now) > 0) return entry;
  // What a Region drives that is not deployed any more is never decided.
  return { ...entry, sources: [], lost: entry.lost.filter((region) => !regions.includes(region)) };
}

/** Milliseconds until the Regions of a move may be compared. */
function waitOf(entry: PlacementEntry, now: number): number {
  const { shownAt } = { shownAt: now, ...entry };
  return isComplete(entry) ? 0 : Math.max(0, shownAt + COMPLETE_AFTER_MS - now);
}

function ownRecord(records: readonly PlacementRecord[], region: string): PlacementRecord {
  return records.find((record) => record.region === region) ?? { region, revision: 0, entries: {} };
}

/** @throws MeridianError `validation`, `misdirected` */
function checkMove(
  ports: PlacementPorts,
  { from, to, type, home, kind, acceptLossWindow }: ActionRequest<'move'>,
): void {
  const { region, regions } = ports;
  const deployed = `is not one of the deployed Regions: ${regions.join(', ')}`;
  const faults: Fault[] = [
    ...(regions.includes(from) ? [] : [{ path: 'from', message: deployed }]),
    ...(regions.includes(to) ? [] : [{ path: 'to', message: deployed }]),
    ...(home === undefined || regions.includes(home) ? [] : [{ path: 'home', message: deployed }]),
    ...(from === to ? [{ path: 'to', message: 'is the Region that they are moved from: name another one' }] : []),
  ];
  const types = homeTypes(ports);
  if (type !== undefined && !types.includes(type))
    faults.push({
      path: 'type',
      message: `is not a stream type with a home. These have one: ${types.join(', ') || 'none'}`,
    });
  if (kind === 'forced' && !acceptLossWindow)
    faults.push({
      path: 'acceptLossWindow',
      message: `must be true: what ${from} has acknowledged and has not arrived is not seen by ${to}`,
    });
  if (faults.length > 0) throw invalid(faults);
  const writer = kind === 'planned' ? from : to;
  if (region !== writer)
    throw new MeridianError(
      'misdirected',
      `A ${kind} move from ${from} to ${to} is written in ${writer}, not ${region}.`,
      {
        details: { home: writer },
      },
    );
}

/** The entries in force of the same move, written here before: its answer was lost. */
function doneBy(
  { entries }: PlacementRecord,
  move: Move,
  { known, stored }: { readonly known: Placement; readonly stored: Placement },
): Placement {
  const isOf = (scope: string): boolean => {
    const { home, type } = parseScope(scope);
    return (move.type === undefined || type === move.type) && (move.home === undefined || home === move.home);
  };
  return Object.fromEntries(
    Object.entries(entries).filter(
      ([scope, { kind, acting, sources, ...key }]) =>
        isOf(scope) &&
        kind === move.kind &&
        acting === move.to &&
        sources.includes(move.from) &&
        compareKeys(stored[scope], key) === 0 &&
        compareKeys(known[scope], key) < 0,
    ),
  );
}

/** True if a placement has an entry that another one lacks. */
function isNewer(placement: Placement, known: Placement): boolean {
  return Object.entries(placement).some(([scope, entry]) => compareKeys(known[scope], entry) < 0);
}

type Shown = Omit<ActionResult<'placement'>, 'pins'>;

function changed({ region }: PlacementPorts, placement: Placement): MeridianError {
  return new MeridianError(
    'placement-changed',
    `${region} knows of another move. Read the placement and decide again.`,
    {
      details: { placement },
    },
  );
}

function shown({ region, regions, domain }: PlacementPorts, placement: Placement): Shown {
  return { region, regions: [...regions], types: homeTypes({ domain }), placement };
}

/** The stream types that have a home. */
export function homeTypes({ domain }: Pick<PlacementPorts, 'domain'>): string[] {
  return [...domain.streams.values()]
    .filter(({ mode }) => mode === 'home')
    .map(({ type }) => type)
    .sort();
}

export function storeOf({ placements, region }: PlacementPorts): PlacementStore {
  if (placements) return placements;
  throw new MeridianError('unavailable', `The table of the placement is not deployed in ${region} yet. Deploy first.`, {
    retryable: true,
  });
}
