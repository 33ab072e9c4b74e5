import * as z from 'zod';
import type { PlacementRecord } from '../facts/placement.ts';

const entrySchema = z.object({
  epoch: z.int().min(1),
  kind: z.enum(['planned', 'forced']),
  by: z.string(),
  acting: z.string(),
  sources: z.array(z.string()),
  lost: z.array(z.string()),
  at: z.number(),
});

/** Entries by scope. */
export const placementSchema = z.record(z.string(), entrySchema);

export const placementRecordSchema = z.object({
  region: z.string(),
  revision: z.int().min(1),
  entries: placementSchema,
});

/** Encodes what a Region has written as it is stored. */
export function encodePlacementRecord(record: PlacementRecord): string {
  return JSON.stringify(record);
}

/** @throws Error if the text is not a record: without it, nothing may be written to a stream that it is about */
export function decodePlacementRecord(text: string): PlacementRecord {
  return placementRecordSchema.parse(JSON.parse(text));
}
