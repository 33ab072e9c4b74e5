import { wallTimeOf } from '../facts/hlc.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { Sightings } from '../ports/sightings.ts';

export interface HealthPorts {
  readonly region: string;
  readonly regions: readonly string[];
  readonly sightings: Sightings;
  readonly runtime: Pick<Runtime, 'now'>;
}

/** What a Region has seen of every Region, and how old that is. An idle Region's stamp ages too: nothing new came. */
export interface Health {
  readonly region: string;
  readonly seen: Readonly<Record<string, { readonly at: string; readonly ageMs: number } | null>>;
}

/** One of which nothing has arrived yet is null. @throws MeridianError `unavailable` */
export async function readHealth({ region, regions, sightings, runtime }: HealthPorts): Promise<Health> {
  const stamps = await sightings.all();
  const sightingOf = (of: string) => {
    const stamp = stamps.get(of);
    if (stamp === undefined) return null;
    const at = wallTimeOf(stamp);
    return { at: new Date(at).toISOString(), ageMs: Math.max(0, runtime.now() - at) };
  };
  return { region, seen: Object.fromEntries(regions.map((of) => [of, sightingOf(of)])) };
}
