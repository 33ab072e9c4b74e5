/**
 * What a team brings beside Meridian, by range; all but zod are for ./cdk only. `npm run check-peers` tries both ends of each: a range
 * that was not tried is not published.
 */
export const PEER_RANGES = {
  zod: '^4.4.0',
  'aws-cdk-lib': '^2.262.0',
  'cdk-nag': '^3.0.2',
  constructs: '^10.5.1',
  esbuild: '>=0.27.0 <0.29.0',
} as const;
