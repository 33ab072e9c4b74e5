import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers of at least 0 and below 1, the same for the same seed. */
export type Random = () => number;

/** Numbers skipped at the start: with small seeds they are near 1 and similar for neighboring seeds. */
const WARM_UP = 32;

export function seeded(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  for (let i = 0; i < WARM_UP; i++) generator.next();
  return () => uniformFloat64(generator);
}

/** A uniformly distributed number, at least `low` and below `high`. */
export function randomBetween(random: Random, [low, high]: readonly [number, number]): number {
  return low + random() * (high - low);
}

/** 32 hex digits that look like an AWS id. */
export function hexId(random: Random): string {
  return Array.from({ length: 4 }, () =>
    Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}
