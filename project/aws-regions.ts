import { didYouMean } from '../core/facts/did-you-mean.ts';

/** The AWS Regions of all partitions when this version was made. */
export const AWS_REGIONS: readonly string[] = [
  ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2', 'ca-central-1', 'ca-west-1', 'mx-central-1', 'sa-east-1'],
  ...['eu-central-1', 'eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
  ...['ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3', 'ap-south-1', 'ap-south-2'],
  ...['ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6'],
  ...['ap-southeast-7', 'af-south-1', 'il-central-1', 'me-central-1', 'me-south-1', 'me-west-1'],
  ...['cn-north-1', 'cn-northwest-1', 'us-gov-east-1', 'us-gov-west-1', 'eusc-de-east-1'],
  ...['us-iso-east-1', 'us-iso-west-1', 'us-isob-east-1', 'us-isob-west-1', 'us-isof-east-1', 'us-isof-south-1'],
  'eu-isoe-west-1',
];

/** Warnings about Regions that may be misspelt. They may also be new. */
export function unknownRegions(regions: readonly string[]): readonly string[] {
  return regions
    .filter((name) => !AWS_REGIONS.includes(name))
    .map((name) => `${name} is not an AWS Region that this version knows${didYouMean(name, AWS_REGIONS)}`);
}

/** The prefixes of Regions outside of the partition `aws`, and their partitions. */
const PARTITIONS: readonly (readonly [string, string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['us-isof-', 'aws-iso-f'],
  ['eu-isoe-', 'aws-iso-e'],
  ['eusc-', 'aws-eusc'],
];

/** The partition of a Region. */
export function partitionOf(region: string): string {
  return PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';
}

/**
 * Why a deployment cannot have these Regions.
 * @param alsoKnown Regions that a newer CDK knows
 */
export function regionFaults(regions: readonly string[], alsoKnown: readonly string[]): readonly string[] {
  const unknown = unknownRegions(regions.filter((name) => !alsoKnown.includes(name))).map((fault) =>
    fault.replace(/\.$/, ''),
  );
  const [first = ''] = regions;
  const elsewhere = regions
    .filter((name) => partitionOf(name) !== partitionOf(first))
    .map(
      (name) =>
        `${name} is in the partition ${partitionOf(name)}, but ${first} in ${partitionOf(first)}: no table, role or event crosses partitions`,
    );
  return [...unknown, ...elsewhere];
}

/** Regions without Function URLs, by the documentation of Lambda at the time of this version. */
const WITHOUT_URLS: ReadonlySet<string> = new Set([
  ...['ap-south-2', 'ap-southeast-4', 'ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7', 'ap-east-2'],
  ...['ca-west-1', 'mx-central-1', 'eu-central-2', 'eu-south-2', 'il-central-1', 'me-central-1', 'me-west-1'],
]);

/** Warnings about Regions that may lack a service that the stacks need: AWS adds services to Regions one by one. */
export function serviceWarnings(regions: readonly string[]): readonly string[] {
  return regions
    .filter((name) => WITHOUT_URLS.has(name) || partitionOf(name) !== 'aws')
    .map(
      (name) =>
        `${name} may have no Function URLs of Lambda, which the API needs, or no EventBridge schema registry: look it up before you deploy there`,
    );
}
