import { expect } from 'vitest';
import { isOwnName, type OwnName } from '../core/names.ts';

/** A name that a team may give. */
export function ownName(name: string): OwnName {
  return isOwnName(name) ? name : expect.fail(`${name} is not a name for a team's own function`);
}
