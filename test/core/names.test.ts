import { describe, expect, it } from 'vitest';
import { regionsFault } from '../../core/names.ts';

describe('a list of Regions', () => {
  it.each([
    [['us-east-1', 'us-gov-west-1']],
    [['eusc-de-east-1', 'us-isob-east-1', 'ap-southeast-5', 'mx-central-1', 'il-central-1']],
  ])('has two to five different Regions: %j', (regions) => {
    expect(regionsFault(regions)).toBeUndefined();
  });

  it.each([
    [['us-east-1', 'europe'], '"europe" is not the name of an AWS Region.'],
    [['us-east-1', 'us-east-1'], 'us-east-1 is listed twice.'],
    [['us-east-1'], 'The number of Regions is 1, but must be 2 to 5.'],
    [[1, 2, 3, 4, 5, 6].map((i) => `us-east-${i}`), 'The number of Regions is 6, but must be 2 to 5.'],
  ])('%j is refused with the reason', (regions, fault) => {
    expect(regionsFault(regions)).toBe(fault);
  });
});
