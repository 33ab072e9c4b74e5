import { RegionInfo } from 'aws-cdk-lib/region-info';
import { describe, expect, it } from 'vitest';
import { REGION_FORM } from '../../core/names.ts';
import { AWS_REGIONS, unknownRegions } from '../../project/aws-regions.ts';

describe('the known AWS Regions', () => {
  it('are those of the CDK', () => {
    expect([...AWS_REGIONS].sort()).toEqual(RegionInfo.regions.map(({ name }) => name).sort());
  });

  it('have the form that a Region must have', () => {
    expect(AWS_REGIONS.filter((name) => !REGION_FORM.test(name))).toEqual([]);
  });
});

describe('a Region that is not known', () => {
  it.each([
    ['eu-wset-1', '; did you mean eu-west-1?'],
    ['us-east-12', '; did you mean us-east-1?'],
    ['eu-cental-1', '; did you mean eu-central-1?'],
    ['af-nowhere-1', '.'],
  ])('is reported with the nearest known one, if there is one: %s', (name, end) => {
    expect(unknownRegions(['us-east-1', name])).toEqual([`${name} is not an AWS Region that this version knows${end}`]);
  });
});
