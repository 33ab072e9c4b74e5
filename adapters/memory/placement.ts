import type { PlacementRecord, PlacementStore } from '../../core/index.ts';
import { decodePlacementRecord, encodePlacementRecord } from '../../core/wire/placement.ts';

/** The `placement` table of one Region, in memory. */
export interface MemoryPlacement extends PlacementStore {
  /** Takes over the record that another Region wrote, unless a later revision is here. */
  replicate(record: PlacementRecord): void;
  /** All records. */
  items(): readonly PlacementRecord[];
}

/** @param onPut called with every record that is written here */
export function memoryPlacement(onPut: (record: PlacementRecord) => void = () => undefined): MemoryPlacement {
  /** The records as text, by their Regions. */
  const texts = new Map<string, string>();
  const revisionOf = (region: string): number => {
    const text = texts.get(region);
    return text === undefined ? 0 : decodePlacementRecord(text).revision;
  };
  const items = (): readonly PlacementRecord[] => [...texts.values()].map(decodePlacementRecord);
  return {
    records: async () => items(),
    put: async (record) => {
      if (revisionOf(record.region) !== record.revision - 1) return false;
      texts.set(record.region, encodePlacementRecord(record));
      onPut(record);
      return true;
    },
    replicate: (record) => {
      if (revisionOf(record.region) < record.revision) texts.set(record.region, encodePlacementRecord(record));
    },
    items,
  };
}
