import type { Domain } from '../core/index.ts';

// What `#domain` is: functions are bundled with the domain of a team in its place.
export const domain: Domain = noDomain();

function noDomain(): never {
  throw new Error('A function of Meridian runs a domain: bundle it with the construct, which puts yours in.');
}
