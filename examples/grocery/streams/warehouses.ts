import { reject } from '@meridian-es/meridian';

/**
 * The warehouses, and the Region nearest to each. Entries are only ever added: a warehouse's streams stay in its Region
 * permanently.
 */
const regionOf = new Map([
  ['ashburn', 'us-east-1'],
  ['columbus', 'us-east-2'],
  ['boardman', 'us-west-2'],
]);

export const warehouses: readonly string[] = [...regionOf.keys()];

/** The Region of a warehouse. @throws MeridianError `rejected` when there is no such warehouse */
export function regionOfWarehouse(warehouse: string): string {
  const region = regionOf.get(warehouse);
  if (region === undefined)
    throw reject(`There is no warehouse ${warehouse}: write ${warehouses.join(', ')}.`, { warehouse });
  return region;
}

/**
 * The home of a stream whose id begins with a warehouse and a dot: `columbus.apples`.
 * @throws MeridianError `rejected` when the id does not, or the warehouse's Region is not deployed
 */
export function homeAtWarehouse(id: string, regions: readonly string[]): string {
  const home = regionOfWarehouse(id.split('.', 1)[0] ?? '');
  if (!regions.includes(home)) throw reject(`${id} is at home in ${home}, which is not deployed.`, { region: home });
  return home;
}
