import { isClientError } from '../../client/error.ts';
import type { Domain } from '../../core/index.ts';
import { CliError } from '../client/cli-error.ts';
import { findCredentials, openRegion, type Whereabouts } from '../client/open.ts';
import type { Region } from '../client/region.ts';
import { countOf } from '../output.ts';
import { idOf } from '../sample.ts';
import { type ByName, everywhere, type Found } from './everywhere.ts';

/** `credentials` */
export async function checkCredentials(where: Whereabouts): Promise<Found> {
  const isSigned = await findCredentials(where);
  return { found: isSigned ? 'found' : 'none needed: requests to this address are not signed', value: undefined };
}

/** What a Region reports about itself: its name, and the Regions that it knows. */
interface Known {
  readonly name: string;
  readonly regions: readonly string[];
}

/** `reachable`: every Region that the first one names accepts a signed request. */
export async function checkReachable(
  where: Whereabouts,
): Promise<Found<{ readonly regions: ByName; readonly known: ReadonlyMap<string, Known> }>> {
  const first = await openRegion(where);
  const { region, seen } = await first.health();
  const names = Object.keys(seen);
  const regions = new Map(names.map((name) => [name, name === region ? first : first.sibling(name)]));
  const known = await everywhere(regions, async (one) => {
    const health = await one.health();
    return { name: health.region, regions: Object.keys(health.seen) };
  });
  return { found: names.join(', '), value: { regions, known } };
}

/** `configuration`: the Regions name the same Regions, in the same order. */
export function checkConfiguration(known: ReadonlyMap<string, Known>): Found {
  const names = [...known.keys()].join(', ');
  for (const [region, { name, regions }] of known) {
    if (name !== region) throw new CliError('regions-differ', `The address of ${region} belongs to ${name}.`);
    if (regions.join(', ') !== names)
      throw new CliError('regions-differ', `${region} names ${regions.join(', ')}; the first Region names ${names}.`);
  }
  return { found: `every Region names the same ${known.size} Regions`, value: undefined };
}

/** `domain`: every Region has the project's stream types, in the same modes, and its views. */
export async function checkDomain(regions: ByName, domain: Domain, key: string): Promise<Found> {
  const names = [...regions.keys()];
  await everywhere(regions, async (region) => {
    for (const definition of domain.streams.values()) {
      const { type, mode } = definition;
      const deployed = await modeOf(region, `${type}/${idOf(definition, names, key) ?? key}`);
      if (deployed !== undefined && deployed !== mode)
        throw new CliError(
          'domain-differs',
          `${type} is a ${deployed} type in the deployment, but a ${mode} type in this project.`,
        );
    }
    for (const view of domain.views.keys()) await region.rows(view, { limit: 1 });
    return undefined;
  });
  const types = countOf(domain.streams.size, 'stream type');
  return { found: `${types} and ${countOf(domain.views.size, 'view')} in every Region`, value: undefined };
}

/** @returns undefined if the type is deployed but refuses this id */
async function modeOf(region: Region, stream: string): Promise<string | undefined> {
  try {
    return (await region.stream(stream)).mode;
  } catch (error) {
    if (isClientError(error, 'rejected') || isClientError(error, 'validation')) return undefined;
    throw error;
  }
}
