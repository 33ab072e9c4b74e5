import type { Hlc } from '../facts/hlc.ts';

/** The newest stamp that arrived here from every Region. */
export interface Sightings {
  /** Keeps the stamp, if it is newer than the one kept. */
  record(region: string, hlc: Hlc): Promise<void>;
  all(): Promise<ReadonlyMap<string, Hlc>>;
}
