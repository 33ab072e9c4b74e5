/**
 * The packages that a team installs in addition to Meridian, by range; all except zod are for ./cdk only. `npm run check-peers`
 * tests both ends of each range: only tested ranges are published.
 */
export const PEER_RANGES = {
  zod: '^4.4.0',
  'aws-cdk-lib': '^2.262.0',
  'cdk-nag': '^3.0.2',
  constructs: '^10.5.1',
  esbuild: '>=0.27.0 <0.29.0',
} as const;
