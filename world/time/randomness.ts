import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers from 0 to below 1, the same ones for the same seed. */
export type Random = () => number;

/** The first numbers of a small seed are near 1 and alike for neighboring seeds: so many are left out. */
const WARM_UP = 32;

export function seeded(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  for (let i = 0; i < WARM_UP; i++) generator.next();
  return () => uniformFloat64(generator);
}

/** An evenly distributed number from `low` to below `high`. */
export function randomBetween(random: Random, [low, high]: readonly [number, number]): number {
  return low + random() * (high - low);
}

/** 32 hex digits that look like an id of AWS. */
export function hexId(random: Random): string {
  return Array.from({ length: 4 }, () =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
