import { Dice } from '../../workload/dice.ts';
import { drawEffect } from '../../workload/draw-effect.ts';
import type { Operation } from '../../workload/operation.ts';
import { useOf } from '../../workload/workload.ts';
import { seeded } from '../../world/time/randomness.ts';
import { workload } from '../domain.ts';
import { REGIONS } from '../plan.ts';
import type { Schedule, Trouble } from '../schedule.ts';

/** What happens to the links between Regions: nothing, or one Region is cut off for a while. */
export const WEATHERS = ['calm', 'cut'] as const;
export type LinkWeather = (typeof WEATHERS)[number];

/** What a history has: this many appends in this many virtual milliseconds, each by one of these clients to one of these streams. */
const APPENDS = 60;
const ACTIVE_MS = 60_000;
const SESSIONS = 12;
const STREAMS = ['counter', 'note', 'set'].flatMap((type) => [0, 1, 2, 3].map((key) => `${type}/${key}`));
/** The share of appends whose client sends them again, to any Region, up to ten seconds after the answer. */
const AGAIN = 0.1;
const AGAIN_MS = 10_000;
/** How long a Region is cut off. */
const CUT_MS = [10_000, 20_000] as const;

/** Draws a history of appends to `merge` streams. With the same seed, the appends are the same in any weather. */
export function planLoad(seed: number, weather: LinkWeather): Schedule {
  const dice = new Dice(seeded(seed));
  const appends = Array.from({ length: APPENDS }, (_, i) => append(i, dice));
  const steps = [...appends, ...(weather === 'cut' ? cutOff(dice) : [])].sort((a, b) => a.at - b.at);
  return {
    ...{ seed, profile: weather, steps },
    setting: {
      ...{
        regions: [...REGIONS],
        decisions: 'strong',
        snapshots: false,
        duplicates: 0,
        reorders: false,
        clockAhead: {},
      },
      ...{ invoke: [20, 50], slowTables: true, oneByOne: false, recoverable: false, strong: false },
    },
  };
}

function append(i: number, dice: Dice): Operation {
  const stream = dice.pick(STREAMS);
  return {
    kind: 'append',
    at: Math.round(dice.between(0, ACTIVE_MS)),
    session: `s${dice.below(SESSIONS)}`,
    region: dice.pick(REGIONS),
    stream,
    effect: drawEffect(useOf(workload, stream).kind, i, dice, REGIONS),
    ...{ withVersion: false, onBus: false },
    ...(dice.chance(AGAIN) && { again: { region: dice.pick(REGIONS), after: Math.round(dice.between(0, AGAIN_MS)) } }),
  };
}

/** Cuts all links of one Region, in both directions. Its clients still reach it. */
function cutOff(dice: Dice): readonly Trouble[] {
  const region = dice.pick(REGIONS);
  const [shortest, longest] = CUT_MS;
  const at = Math.round(dice.between(0, ACTIVE_MS - longest));
  const until = at + Math.round(dice.between(shortest, longest));
  return REGIONS.filter((other) => other !== region).flatMap((other) =>
    [
      { from: region, to: other },
      { from: other, to: region },
    ].map((link) => ({ kind: 'cut', at, until, ...link, links: ['replication', 'bus', 'invoke'] })),
  );
}
