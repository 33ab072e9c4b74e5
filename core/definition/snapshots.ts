import { isJson } from '../facts/json.ts';
import { checkMembers, type Members } from './members.ts';

/** When to take snapshots of a type's streams. They pay off if streams have many hundreds of commits. */
export interface Snapshots {
  /**
   * The number of commits after which a snapshot is taken: 1, 2, 3 …. The next snapshot is taken later if the last one
   * holds more than ten times as many ids. A stream that is not in memory is then loaded by one request for the
   * snapshot and a few for later commits. A stream without a snapshot costs one additional request.
   */
  readonly every: number;
  /**
   * 1, 2, 3 …; snapshots of another version are not used. **Raise it with every change of the results of `evolve` or an
   * upcaster**: commits in a snapshot are not folded again. Only a new event, or a new version of one, is detected
   * automatically.
   */
  readonly codeVersion: number;
  /**
   * Commits younger than this many milliseconds are left out. If another Region writes without having seen the contents of a
   * snapshot, that snapshot cannot be used any more, and the stream is loaded from an older one or in full.
   * @default 60,000 for `merge`, 0 for `home`
   */
  readonly settle?: number;
}

const MEMBERS: Members<Snapshots> = { every: 'required', codeVersion: 'required', settle: 'optional' };

/** @throws Error if a type cannot have such snapshots */
export function checkSnapshots(type: string, initial: unknown, snapshots: Snapshots): void {
  checkMembers(`Stream type ${type}: snapshots`, snapshots, MEMBERS);
  const { every, codeVersion } = snapshots;
  for (const [name, value] of Object.entries({ every, codeVersion }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`Stream type ${type}: snapshots.${name} is ${value}, but must be a positive integer.`);
  if (!isJson(initial))
    throw new Error(`Stream type ${type}: it cannot have snapshots, because its initial state is not JSON.`);
}
