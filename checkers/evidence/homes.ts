import type { LineOf } from '../history.ts';
import type { Stored } from './stored.ts';

/** Nothing is promised about a stream whose home was not always the same Region. */
export const CHANGED = 'changed';

/** The home of a stream is what the header says, and the Region that wrote its commits. */
export function homesOf(
  headers: readonly LineOf<'history'>[],
  stored: ReadonlyMap<string, Stored>,
): (stream: string) => string | undefined {
  const named = new Map(headers.flatMap(({ homes = {} }) => Object.entries(homes)));
  return (stream) => {
    const regions = new Set(stored.get(stream)?.visible.map(({ region }) => region));
    const home = named.get(stream);
    if (home !== undefined) regions.add(home);
    return regions.size > 1 ? CHANGED : [...regions][0];
  };
}
