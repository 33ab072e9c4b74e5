import { keyOf, type PlacementEntry, placementOf } from '../../../core/facts/placement.ts';
import { PLACEMENT_MS } from '../../../core/limits/budgets.ts';
import { KnownPlacement } from '../../../core/placement/known-placement.ts';
import { replicate } from '../a-region.ts';
import { aWorld, type Region, type WorldOptions } from '../transaction/regions.ts';

/** The stream whose home moves, and its home. */
export const STREAM = 'account/eu.1';

/** Three Regions whose tables get everything from each other whenever one waits, unless it is cut off. */
export function aLinkedWorld(options: WorldOptions = {}) {
  const world = aWorld(options);
  const { us, eu, ap, cut } = world;
  const all = [us, eu, ap];
  const streams = new Set([STREAM]);
  /** Delivers everything between the Regions that are linked. */
  const deliver = async () => {
    for (const from of all)
      for (const to of all) {
        if (from === to || cut.has(from.region) || cut.has(to.region)) continue;
        for (const record of from.placements.items()) to.placements.replicate(record);
        for (const stream of streams) await replicate(stream, from, to);
      }
  };
  for (const { runtime } of all) {
    const { sleep } = runtime;
    runtime.sleep = async (milliseconds) => {
      await deliver();
      await sleep(milliseconds);
    };
  }
  /** The same, and lets so much time pass that every process reads the placement again. */
  const spread = async () => {
    await deliver();
    for (const { runtime } of all) runtime.advance(PLACEMENT_MS + 1);
  };
  return { ...world, deliver, spread, streams };
}

/** Writes an entry for the streams at home in `eu`, in the Region that writes it. */
export async function move(by: Region, of: Pick<PlacementEntry, 'acting' | 'sources'> & Partial<PlacementEntry>) {
  const records = await by.placements.records();
  const known = Object.values(placementOf(records));
  const newest = Math.max(0, ...known.map(({ epoch }) => epoch));
  const forced = Number(of.kind === 'forced') + Math.max(0, ...known.map((entry) => entry.forced));
  const own = records.find(({ region }) => region === by.region);
  const entry: PlacementEntry = { forced, epoch: newest + 1, kind: 'planned', by: by.region, lost: [], at: 0, ...of };
  const entries = { ...own?.entries, eu: entry };
  await by.placements.put({ region: by.region, revision: (own?.revision ?? 0) + 1, entries });
  return { entry, key: keyOf(entry) };
}

/** Another process of a Region, with a memory of its own. */
export function processOf(region: Region): Region {
  return { ...region, warm: new Map(), placement: new KnownPlacement(region.placements, region.runtime) };
}
