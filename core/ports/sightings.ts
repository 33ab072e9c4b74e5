import type { Hlc } from '../facts/hlc.ts';

/** The newest stamp that has arrived here from each Region. */
export interface Sightings {
  /** Stores the stamp, if it is newer than the stored one. */
  record(region: string, hlc: Hlc): Promise<void>;
  all(): Promise<ReadonlyMap<string, Hlc>>;
}
