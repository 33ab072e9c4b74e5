import * as z from 'zod';
import type { PlacementRecord } from '../../core/index.ts';
import { decodePlacementRecord, encodePlacementRecord } from '../../core/wire/placement.ts';

/** The partition of all records, so that one query reads them. */
export const PLACEMENT_PARTITION = 'placement';

/** A record is JSON text; its revision is also an attribute, for the condition of the next write. */
export function toPlacementItem(record: PlacementRecord): Record<string, unknown> {
  const { region, revision } = record;
  return { pk: PLACEMENT_PARTITION, sk: region, revision, record: encodePlacementRecord(record) };
}

export const placementItemSchema = z.object({ record: z.string() });

export function fromPlacementItem(item: unknown): PlacementRecord {
  return decodePlacementRecord(placementItemSchema.parse(item).record);
}
