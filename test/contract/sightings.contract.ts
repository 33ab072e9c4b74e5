import { beforeAll, describe, expect, test } from 'vitest';
import type { Sightings } from '../../core/index.ts';

/** The contract of every `Sightings`. `open` is called once. */
export function sightingsContract(open: () => Sightings): void {
  describe('sightings', () => {
    let sightings: Sightings;
    beforeAll(() => {
      sightings = open();
    });
    const seen = async (region: string) => (await sightings.all()).get(region);

    test('a Region without arrivals has no stamp', async () => {
      expect(await seen('ap-south-1')).toBeUndefined();
    });

    test('the newest stamp of each Region is kept', async () => {
      await sightings.record('us-east-1', '018f000000000001');
      await sightings.record('us-east-2', '018f000000000009');
      await sightings.record('us-east-1', '018f00000000000a');
      expect(await seen('us-east-1')).toBe('018f00000000000a');
      expect(await seen('us-east-2')).toBe('018f000000000009');
    });

    test('a late or repeated record is ignored', async () => {
      await sightings.record('eu-west-1', '018f00000000000b');
      await sightings.record('eu-west-1', '018f00000000000a');
      await sightings.record('eu-west-1', '018f00000000000b');
      expect(await seen('eu-west-1')).toBe('018f00000000000b');
    });

    test('of concurrent records in any order, the newest is kept', async () => {
      const stamps = [5, 3, 9, 1, 9, 7, 2].map((digit) => `018f00000000000${digit}`);
      await Promise.all(stamps.map((stamp) => sightings.record('us-west-2', stamp)));
      expect(await seen('us-west-2')).toBe('018f000000000009');
    });

    test('changing a result does not affect the store', async () => {
      await sightings.record('eu-north-1', '018f00000000000c');
      const answer = await sightings.all();
      if (answer instanceof Map) answer.clear();
      expect(await seen('eu-north-1')).toBe('018f00000000000c');
    });
  });
}
