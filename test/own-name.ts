import { expect } from 'vitest';
import { isOwnName, type OwnName } from '../core/names.ts';

/** A valid name of a team's own function. */
export function ownName(name: string): OwnName {
  return isOwnName(name) ? name : expect.fail(`${name} is not a name for a team's own function`);
}
