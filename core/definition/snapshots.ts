import { isJson } from '../facts/json.ts';

/** How the streams of a type get snapshots: for types whose streams get many hundreds of commits. */
export interface Snapshots {
  /**
   * A new one is taken after so many commits, 1, 2, 3 …; later if it would hold more than ten times as many ids. A stream
   * that is not in memory is then loaded by one request for the snapshot and a few for what came since, one that has no
   * snapshot yet by one request more than without.
   */
  readonly every: number;
  /**
   * 1, 2, 3 …; snapshots of another version are not used. **Raise it with every change of what `evolve` or an upcaster
   * makes of the events**: what is folded already is not folded again. Only a new event, or a new version of one, is
   * noticed without.
   */
  readonly codeVersion: number;
  /**
   * Commits younger than so many milliseconds stay out. If another Region writes without having seen what is in a
   * snapshot, that does not serve any more, and the stream is loaded from an older one or whole.
   * @default 60,000 for `merge`, 0 for `home`
   */
  readonly settle?: number;
}

/** @throws Error when a type cannot have such snapshots */
export function checkSnapshots(type: string, initial: unknown, { every, codeVersion }: Snapshots): void {
  for (const [name, value] of Object.entries({ every, codeVersion }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`Stream type ${type}: snapshots.${name} is ${value}, it has to be 1, 2, 3 …`);
  if (!isJson(initial))
    throw new Error(`Stream type ${type}: it cannot have snapshots, its initial state is not JSON.`);
}
