import type { Commit } from '../core/facts/commit.ts';
import {
  compareKeys,
  isComplete,
  joinPlacements,
  NO_PLACEMENT,
  type Placement,
  type PlacementEntry,
} from '../core/facts/placement.ts';
import { sleepOn } from '../world/time/scheduler.ts';
import { Operator } from './operator.ts';
import type { Stage } from './stage.ts';

const PAUSE_MS = 1_000;
/** How often an operator looks again. */
const TRIES = 60;

/**
 * Ends the moves that have nothing left to hand over, as an operator does with `meridian complete`: all Regions show the entry, then
 * that has to be so for a while, then they have to have the same commits. A move that is followed by another one is left.
 */
export async function completeMoves(stage: Stage): Promise<void> {
  const { world, scheduler } = stage;
  const regions = [...world.regions.values()];
  const shown = await Promise.all(regions.map((region) => new Operator(region, scheduler).placement()));
  const known = shown.reduce<Placement>((all, each) => joinPlacements(all, each ?? NO_PLACEMENT), NO_PLACEMENT);
  const moves = Object.entries(known).filter(([, entry]) => !isComplete(entry));
  await Promise.all(moves.map(([scope, entry]) => completeMove(stage, scope, entry)));
}

async function completeMove(stage: Stage, scope: string, entry: PlacementEntry): Promise<void> {
  const { world, scheduler } = stage;
  const others = [...world.regions.values()].filter(({ name }) => name !== entry.acting);
  const isShown = async (): Promise<boolean> => {
    const placements = await Promise.all(others.map((region) => new Operator(region, scheduler).placement()));
    return placements.every((placement) => compareKeys(placement?.[scope], entry) === 0);
  };
  const acting = world.region(entry.acting);
  const hasAll = async (): Promise<boolean> => {
    const here = new Set((await acting.commits()).map(placeOf));
    const there = await Promise.all(others.map(async (region) => new Set((await region.commits()).map(placeOf))));
    return there.every((each) => each.symmetricDifference(here).size === 0);
  };
  const target = new Operator(acting, scheduler);
  if (!(await comesTrue(scheduler, isShown))) return;
  const wait = await target.complete(scope, entry, false);
  if (wait === undefined) return;
  await sleepOn(scheduler, wait);
  if (await comesTrue(scheduler, hasAll)) await target.complete(scope, entry, true);
}

function placeOf({ stream, log, position }: Commit): string {
  return `${stream} ${log}@${position}`;
}

async function comesTrue(scheduler: Stage['scheduler'], isTrue: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await isTrue()) return true;
    await sleepOn(scheduler, PAUSE_MS);
  }
  return false;
}
