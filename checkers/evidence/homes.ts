import type { History } from '../history.ts';
import { linesOf } from './lines.ts';
import type { Stored } from './stored.ts';

/**
 * The home Region of a stream: as the header says, or where its commits were written. It is `changed` if there were several: nothing is
 * promised then. Undefined: it is not known.
 */
export function homesIn(
  history: History,
  stored: ReadonlyMap<string, Stored>,
): (stream: string) => string | 'changed' | undefined {
  const named = new Map(linesOf(history, 'history').flatMap(({ homes = {} }) => Object.entries(homes)));
  return (stream) => {
    const regions = new Set(stored.get(stream)?.visible.map(({ region }) => region));
    const home = named.get(stream);
    if (home !== undefined) regions.add(home);
    return regions.size > 1 ? 'changed' : [...regions][0];
  };
}
