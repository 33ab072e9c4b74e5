import type { Domain } from '../core/index.ts';

// Stands in for `#domain`: bundling replaces it with the team's domain.
export const domain: Domain = noDomain();

function noDomain(): never {
  throw new Error('This function has no domain. Bundle it with the Meridian construct, which adds your domain.');
}
