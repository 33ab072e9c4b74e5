import type { PlacementRecord } from '../facts/placement.ts';

/** This Region's replica of the `placement` table: one item of each Region that has written an entry. */
export interface PlacementStore {
  /** The records of all Regions, as far as they have arrived; that of this Region is read strongly consistently. */
  records(): Promise<readonly PlacementRecord[]>;
  /**
   * Writes the record of this Region, if the stored one has the previous revision, or, before the first revision, there is none.
   * @returns true if it was written
   */
  put(record: PlacementRecord): Promise<boolean>;
}
