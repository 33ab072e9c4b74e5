import { angleBetween, type Place, placeOf } from './airports.ts';

/** The commercial AWS Regions, each at the city that it is named after or known to be near. */
const regionPlaces = new Map<string, Place>([
  ['af-south-1', [-33.92, 18.42]], // Cape Town
  ['ap-east-1', [22.32, 114.17]], // Hong Kong
  ['ap-east-2', [25.03, 121.57]], // Taipei
  ['ap-northeast-1', [35.68, 139.69]], // Tokyo
  ['ap-northeast-2', [37.57, 126.98]], // Seoul
  ['ap-northeast-3', [34.69, 135.5]], // Osaka
  ['ap-south-1', [19.08, 72.88]], // Mumbai
  ['ap-south-2', [17.39, 78.49]], // Hyderabad
  ['ap-southeast-1', [1.35, 103.82]], // Singapore
  ['ap-southeast-2', [-33.87, 151.21]], // Sydney
  ['ap-southeast-3', [-6.21, 106.85]], // Jakarta
  ['ap-southeast-4', [-37.81, 144.96]], // Melbourne
  ['ap-southeast-5', [3.14, 101.69]], // Kuala Lumpur
  ['ap-southeast-6', [-36.85, 174.76]], // Auckland
  ['ap-southeast-7', [13.76, 100.5]], // Bangkok
  ['ca-central-1', [45.5, -73.57]], // Montreal
  ['ca-west-1', [51.04, -114.07]], // Calgary
  ['eu-central-1', [50.11, 8.68]], // Frankfurt
  ['eu-central-2', [47.38, 8.54]], // Zurich
  ['eu-north-1', [59.33, 18.07]], // Stockholm
  ['eu-south-1', [45.46, 9.19]], // Milan
  ['eu-south-2', [41.65, -0.89]], // Zaragoza
  ['eu-west-1', [53.35, -6.26]], // Dublin
  ['eu-west-2', [51.51, -0.13]], // London
  ['eu-west-3', [48.86, 2.35]], // Paris
  ['il-central-1', [32.09, 34.78]], // Tel Aviv
  ['me-central-1', [25.2, 55.27]], // Dubai
  ['me-south-1', [26.23, 50.59]], // Manama
  ['mx-central-1', [20.59, -100.39]], // Querétaro
  ['sa-east-1', [-23.55, -46.63]], // São Paulo
  ['us-east-1', [39.04, -77.49]], // Ashburn
  ['us-east-2', [39.96, -83.0]], // Columbus
  ['us-west-1', [37.34, -121.89]], // San José
  ['us-west-2', [45.84, -119.7]], // Boardman
]);

/**
 * The Region closest to an airport along the surface of the Earth; of two that are equally close, the first by name. It
 * depends on nothing but its arguments, so the result is the same in every Region, in whatever order it lists the Regions.
 * @throws MeridianError `rejected` when there is no such airport
 * @throws Error when there are no Regions, or one whose location is not known
 */
export function nearestRegion(airport: string, regions: readonly string[]): string {
  const place = placeOf(airport);
  const [nearest] = regions
    .map((region) => ({ region, angle: angleBetween(place, regionPlaceOf(region)) }))
    .sort((a, b) => a.angle - b.angle || (a.region < b.region ? -1 : 1));
  if (!nearest) throw new Error('No Regions are configured: every airport needs a nearest Region.');
  return nearest.region;
}

function regionPlaceOf(region: string): Place {
  const place = regionPlaces.get(region);
  if (!place)
    throw new Error(`The location of Region ${region} is unknown: add '${region}' with its coordinates to regions.ts.`);
  return place;
}
