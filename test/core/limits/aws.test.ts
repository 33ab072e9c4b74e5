import { expect, it } from 'vitest';
import { allowStrong } from '../../../core/limits/aws.ts';

it.each([
  [['us-west-2', 'us-east-1', 'us-east-2'], true],
  [['eu-west-1', 'eu-west-3', 'eu-central-1'], true],
  [['us-east-1', 'us-east-2'], false],
  [['eu-west-1', 'eu-west-2', 'eu-west-3', 'eu-central-1'], false],
  [['us-east-1', 'us-east-2', 'eu-west-1'], false],
])('strongly consistent decisions need exactly three Regions of one set: %j → %j', (regions, allowed) => {
  expect(allowStrong(regions)).toBe(allowed);
});
