import type { Domain } from '../definition/domain.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import type { Fault } from '../facts/fault.ts';
import {
  compareKeys,
  joinPlacements,
  type Placement,
  type PlacementRecord,
  parseScope,
  placementOf,
} from '../facts/placement.ts';
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
  readonly runtime: Pick<Runtime, 'now'>;
}

/** Where home streams are written, as far as this Region knows. @throws MeridianError `unavailable` */
export async function showPlacement(ports: PlacementPorts): Promise<ActionResult<'placement'>> {
  return shown(ports, placementOf(await storeOf(ports).records()));
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
  const own = records.find((record) => record.region === region) ?? { region, revision: 0, entries: {} };
  const done = doneBy(own, move, { known, stored });
  if (Object.keys(done).length > 0) return { ...shown(ports, stored), moved: done };
  if (isNewer(stored, known)) throw changed(ports, stored);
  const moved = planMove(known, move, { by: region, at: runtime.now(), regions, types: homeTypes(ports) });
  if (Object.keys(moved).length === 0)
    throw invalid([{ path: 'from', message: `${move.from} writes none of these streams now: nothing is to be moved` }]);
  const entries = joinPlacements(own.entries, moved);
  if (!(await store.put({ region, revision: own.revision + 1, entries })))
    throw changed(ports, placementOf(await store.records()));
  return { ...shown(ports, joinPlacements(stored, moved)), moved };
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

function changed({ region }: PlacementPorts, placement: Placement): MeridianError {
  return new MeridianError(
    'placement-changed',
    `${region} knows of another move. Read the placement and decide again.`,
    {
      details: { placement },
    },
  );
}

function shown({ region, regions, domain }: PlacementPorts, placement: Placement): ActionResult<'placement'> {
  return { region, regions: [...regions], types: homeTypes({ domain }), placement };
}

/** The stream types that have a home. */
function homeTypes({ domain }: Pick<PlacementPorts, 'domain'>): string[] {
  return [...domain.streams.values()]
    .filter(({ mode }) => mode === 'home')
    .map(({ type }) => type)
    .sort();
}

function storeOf({ placements, region }: PlacementPorts): PlacementStore {
  if (placements) return placements;
  throw new MeridianError('unavailable', `The table of the placement is not deployed in ${region} yet. Deploy first.`, {
    retryable: true,
  });
}
