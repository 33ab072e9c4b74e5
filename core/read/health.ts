import { wallTimeOf } from '../facts/hlc.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Sightings } from '../ports/sightings.ts';
import type { Health } from '../wire/api.ts';

export interface HealthPorts {
  readonly region: string;
  readonly regions: readonly string[];
  /** The version of Meridian that the Region runs. @default not reported, as in a world */
  readonly version?: string | undefined;
  readonly sightings: Sightings;
  readonly runtime: Pick<Runtime, 'now'>;
}

/** The newest stamp seen from each Region; null if nothing has arrived from it. @throws MeridianError `unavailable` */
export async function readHealth({ region, regions, version, sightings, runtime }: HealthPorts): Promise<Health> {
  const stamps = await sightings.all();
  const sightingOf = (of: string) => {
    const stamp = stamps.get(of);
    if (stamp === undefined) return null;
    const at = wallTimeOf(stamp);
    return { at: new Date(at).toISOString(), ageMs: Math.max(0, runtime.now() - at) };
  };
  return {
    region,
    ...(version !== undefined && { version }),
    seen: Object.fromEntries(regions.map((of) => [of, sightingOf(of)])),
  };
}
