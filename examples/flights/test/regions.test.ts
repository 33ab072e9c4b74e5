import { RegionInfo } from 'aws-cdk-lib/region-info';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import airports from '../airports.json' with { type: 'json' };
import { isAirport, placeOf } from '../airports.ts';
import { nearestRegion } from '../regions.ts';

/** The CDK knows this Region, but it is not open yet: nothing can be deployed to it. */
const notYetOpen = ['me-west-1'];
const commercialRegions = RegionInfo.regions
  .filter(({ partition, name }) => partition === 'aws' && !notYetOpen.includes(name))
  .map(({ name }) => name);

const airport = fc.constantFrom(...Object.keys(airports));
const regions = fc.uniqueArray(fc.constantFrom(...commercialRegions), { minLength: 1, maxLength: 5 });

describe('nearestRegion', () => {
  it('knows every commercial Region that the CDK knows', () => {
    expect(commercialRegions.length).toBeGreaterThan(30);
    for (const region of commercialRegions) expect(nearestRegion('LAX', [region])).toBe(region);
  });

  it.each([
    ['LAX', 'us-west-1'],
    ['SEA', 'us-west-2'],
    ['IAD', 'us-east-1'],
    ['CMH', 'us-east-2'],
    ['HNL', 'us-west-1'],
    ['SJU', 'us-east-1'],
  ])('finds that the Region nearest to %s is %s', (code, region) => {
    expect(nearestRegion(code, commercialRegions)).toBe(region);
  });

  it('crosses the date line where that is shorter', () => {
    expect(Math.abs(placeOf('ADK')[1])).toBeGreaterThan(170); // Adak, in the Aleutian Islands
    expect(nearestRegion('ADK', ['ap-northeast-1', 'us-east-1'])).toBe('ap-northeast-1');
  });

  it('returns one of the Regions, the same in any order and with repetitions', () => {
    fc.assert(
      fc.property(airport, regions, (airport, regions) => {
        const nearest = nearestRegion(airport, regions);
        expect(regions).toContain(nearest);
        expect(nearestRegion(airport, regions.toReversed())).toBe(nearest);
        expect(nearestRegion(airport, [...regions, ...regions])).toBe(nearest);
      }),
    );
  });

  it('returns the same Region if any other Region is removed', () => {
    fc.assert(
      fc.property(airport, regions, fc.nat(), (airport, regions, index) => {
        const nearest = nearestRegion(airport, regions);
        const others = regions.filter((region) => region !== regions[index % regions.length] || region === nearest);
        expect(nearestRegion(airport, others)).toBe(nearest);
      }),
    );
  });

  it('refuses an airport that does not exist', () => {
    expect(isAirport('XXX')).toBe(false);
    expect(() => nearestRegion('XXX', ['us-east-1'])).toThrow(
      expect.objectContaining({ code: 'rejected', details: { airport: 'XXX' } }),
    );
    expect(() => nearestRegion('constructor', ['us-east-1'])).toThrow('There is no airport constructor');
  });

  it('says what to add if the location of a Region is unknown', () => {
    expect(() => nearestRegion('LAX', ['us-east-1', 'xx-north-1'])).toThrow(
      "add 'xx-north-1' with its coordinates to regions.ts",
    );
  });

  it('reports that there are no Regions', () => {
    expect(() => nearestRegion('LAX', [])).toThrow('No Regions are configured');
  });
});
