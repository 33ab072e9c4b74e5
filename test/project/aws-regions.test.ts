import { RegionInfo } from 'aws-cdk-lib/region-info';
import { describe, expect, it } from 'vitest';
import { REGION_FORM } from '../../core/names.ts';
import { AWS_REGIONS, regionFaults, serviceWarnings, unknownRegions } from '../../project/aws-regions.ts';

describe('the known AWS Regions', () => {
  it('are those of the CDK', () => {
    expect([...AWS_REGIONS].sort()).toEqual(RegionInfo.regions.map(({ name }) => name).sort());
  });

  it('have the form that a Region must have', () => {
    expect(AWS_REGIONS.filter((name) => !REGION_FORM.test(name))).toEqual([]);
  });
});

describe('the Regions of a deployment', () => {
  it.each([
    [['us-east-1', 'eu-wset-1'], ['eu-wset-1 is not an AWS Region that this version knows; did you mean eu-west-1?']],
    [['us-east-1', 'xx-nowhere-9'], ['xx-nowhere-9 is not an AWS Region that this version knows']],
    [
      ['us-east-1', 'cn-north-1'],
      [expect.stringMatching(/^cn-north-1 is in the partition aws-cn, but us-east-1 in aws:/)],
    ],
    [['us-gov-east-1', 'us-east-1'], [expect.stringMatching(/^us-east-1 is in the partition aws, .*aws-us-gov/)]],
    [['us-iso-east-1', 'us-isob-east-1'], [expect.stringContaining('aws-iso-b')]],
    [['us-gov-east-1', 'us-gov-west-1'], []],
    [['us-east-1', 'ap-southeast-2'], []],
  ])('exist, and are in one partition: %j', (regions, faults) => {
    expect(regionFaults(regions, [])).toEqual(faults);
  });

  it('may be known to a newer CDK only', () => {
    expect(regionFaults(['us-east-1', 'xx-nowhere-9'], ['xx-nowhere-9'])).toEqual([]);
  });

  it('are named if they may lack a service', () => {
    expect(serviceWarnings(['us-east-1', 'eu-south-2', 'eu-west-1'])).toEqual([
      expect.stringMatching(/^eu-south-2 may/),
    ]);
    expect(serviceWarnings(['cn-north-1', 'cn-northwest-1'])).toHaveLength(2);
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
