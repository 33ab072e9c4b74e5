import type { Hlc, Sightings } from '../../core/index.ts';

/** The newest stamp seen from each Region, in memory. */
export function memorySightings(): Sightings {
  const seen = new Map<string, Hlc>();
  return {
    record: async (region, hlc) => {
      const known = seen.get(region);
      if (known === undefined || known < hlc) seen.set(region, hlc);
    },
    all: async () => new Map(seen),
  };
}
