import { setTimeout as sleep } from 'node:timers/promises';
import {
  compareKeys,
  isComplete,
  joinPlacements,
  NO_PLACEMENT,
  type Placement,
  parseScope,
} from '../core/facts/placement.ts';
import { type Move, planMove } from '../core/placement/moves.ts';
import type { ActionResult } from '../core/wire/operate.ts';
import { CliError } from './client/cli-error.ts';
import { textOf } from './client/problem.ts';
import type { Region } from './client/region.ts';
import { everyRegion } from './each-region.ts';
import { sayNote, sayText, table } from './output.ts';

/** How long a command waits until every Region knows of a move, and how often it asks. */
const KNOWN_MS = 60_000;
const ASK_MS = 250;

/** What the Regions of a deployment say of where home streams are written. */
export interface Placements {
  readonly regions: readonly Region[];
  /** By Region, what it knows, or the error that it was not asked, or did not answer. */
  readonly answers: ReadonlyMap<string, ActionResult<'placement'> | string>;
  /** The newest entries that any Region knows. */
  readonly known: Placement;
  readonly types: readonly string[];
}

/** Asks every Region. @param except a Region that is lost, and not asked */
export async function readPlacements(first: Region, except?: string): Promise<Placements> {
  const regions = await everyRegion(first);
  const answers = new Map(
    await Promise.all(
      regions.map(async (region): Promise<[string, ActionResult<'placement'> | string]> => {
        if (region.name === except) return [region.name, 'not asked: it is taken for lost'];
        return [region.name, await region.operate('placement', {}).catch((error: unknown) => textOf(error))];
      }),
    ),
  );
  const found = [...answers.values()].filter((answer) => typeof answer !== 'string');
  return {
    ...{ regions, answers },
    known: found.reduce((all, { placement }) => joinPlacements(all, placement), NO_PLACEMENT),
    types: found[0]?.types ?? [],
  };
}

/** @throws CliError if there is no such Region */
export function regionNamed<R extends Pick<Region, 'name'>>(
  { regions }: { readonly regions: readonly R[] },
  name: string,
): R {
  const found = regions.find((region) => region.name === name);
  if (found) return found;
  const names = regions.map((region) => region.name).join(', ');
  throw new CliError('unknown-region', `${name} is not a Region of this deployment. These are: ${names}.`);
}

/** @throws CliError if no streams of the type have a home */
export function checkType({ types }: Placements, type: string | undefined): void {
  if (type === undefined || types.includes(type)) return;
  throw new CliError(
    'unknown-stream-type',
    `${type} is not a stream type with a home. These have one: ${types.join(', ') || 'none'}.`,
  );
}

/** @throws CliError if a move is not possible, as far as can be seen before it is made */
export function checkMoves(placements: Placements, moves: readonly Move[]): void {
  for (const move of moves) {
    const { from, to, type, kind } = move;
    if (from === to) throw new CliError('same-region', `${from} is to write them already. Name another Region: --to.`);
    const target = regionNamed(placements, to);
    if (kind === 'planned') checkReachable(placements, regionNamed(placements, from));
    else regionNamed(placements, from);
    checkType(placements, type);
    checkTarget(placements, target);
    if (Object.keys(plannedEntries(placements, [move])).length === 0)
      throw new CliError(
        'nothing-to-move',
        `${from} writes none of these streams now. See where they are written: meridian placement.`,
      );
  }
}

function checkReachable({ answers }: Placements, { name }: Region): void {
  const answer = answers.get(name);
  if (typeof answer !== 'string') return;
  throw new CliError(
    'region-unreachable',
    `A planned move is written in ${name}, which does not respond: ${answer} If it is lost, use meridian failover ${name} --to <region> --forced --accept-loss-window.`,
  );
}

/** @throws CliError if a Region does not respond: what it is to write would be written nowhere */
export function checkTarget({ answers }: Placements, { name }: Pick<Region, 'name'>): void {
  const answer = answers.get(name);
  if (typeof answer !== 'string') return;
  throw new CliError('region-unreachable', `${name} is to write them, and does not respond: ${answer}`);
}

/** The entries of moves in a row, without making them. */
export function plannedEntries({ regions, types, known }: Placements, moves: readonly Move[]): Placement {
  return moves.reduce<Placement>((all, move) => {
    const by = move.kind === 'planned' ? move.from : move.to;
    const names = regions.map(({ name }) => name);
    const entries = planMove(joinPlacements(known, all), move, { by, at: Date.now(), regions: names, types });
    return joinPlacements(all, entries);
  }, {});
}

/** Makes a move in the Region that writes it. */
export async function makeMove(placements: Placements, move: Move): Promise<Placement> {
  const writer = regionNamed(placements, move.kind === 'planned' ? move.from : move.to);
  const { known } = placements;
  const { moved } = await writer.operate('move', { ...move, known, acceptLossWindow: move.kind === 'forced' });
  return moved;
}

/** When a Region knew of a move: seconds since the move; undefined if it did not respond, or did not know in time. */
export interface Known {
  readonly region: string;
  readonly seconds: number | undefined;
}

/** Waits until every Region that is asked knows of a move, up to a minute. */
export async function untilKnown(regions: readonly Region[], moved: Placement): Promise<readonly Known[]> {
  const start = Date.now();
  return Promise.all(
    regions.map(async (region): Promise<Known> => {
      while (Date.now() - start < KNOWN_MS) {
        const answer = await region.operate('placement', {}).catch(() => undefined);
        if (!answer) return { region: region.name, seconds: undefined };
        if (knows(answer.placement, moved)) return { region: region.name, seconds: (Date.now() - start) / 1000 };
        await sleep(ASK_MS);
      }
      return { region: region.name, seconds: undefined };
    }),
  );
}

/** Says which Regions know of a move, and which do not. */
export function sayKnown(known: readonly Known[]): void {
  for (const { region, seconds } of known)
    if (seconds === undefined)
      sayNote(`${region}: does not know of it yet, or does not respond. See: meridian placement.`);
    else sayText(`${region}: knows of it after ${seconds.toFixed(1)} s`);
}

/** True if a placement has all entries of another one, or newer ones. */
export function knows(placement: Placement, entries: Placement): boolean {
  return Object.entries(entries).every(([scope, entry]) => compareKeys(placement[scope], entry) >= 0);
}

/** Entries as a table. */
export function placementTable(placement: Placement): string {
  const columns = ['streams', 'written in', 'since', 'move', 'sources', 'lost'];
  const rows = Object.entries(placement).map(([scope, entry]) => {
    const { acting, at, epoch, kind, sources, lost } = entry;
    const { home, type } = parseScope(scope);
    const streams = type === undefined ? `at home in ${home}` : `${type} at home in ${home}`;
    return [
      ...[streams, acting, new Date(at).toISOString(), `${epoch}, ${kind}`],
      ...[isComplete(entry) ? '– (complete)' : sources.join(', '), lost.join(', ') || '–'],
    ];
  });
  return table(
    columns.map((name) => ({ name })),
    rows,
  );
}
