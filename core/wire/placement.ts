import * as z from 'zod';
import { problemSchema } from '../facts/errors.ts';
import type { EntryKey, Placement, PlacementRecord } from '../facts/placement.ts';
import { pinAtSchema, pinRequestShape } from './pin.ts';
import { dotShape, streamNameSchema } from './schemas.ts';

const entryKeyShape = { forced: z.int().min(0), epoch: z.int().min(1), by: z.string() };

export const entryKeySchema: z.ZodType<EntryKey> = z.object(entryKeyShape);

const entrySchema = z.object({
  ...entryKeyShape,
  kind: z.enum(['planned', 'forced']),
  acting: z.string(),
  sources: z.array(z.string()),
  lost: z.array(z.string()),
  at: z.number(),
  shownAt: z.number().exactOptional(),
});

/** Entries by scope. */
export const placementSchema: z.ZodType<Placement> = z.record(z.string(), entrySchema);

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

/** What is passed on with a request to write a stream that has a home: the entry, and the pin, by which it was routed. */
export const placedShape = { placement: placementSchema.exactOptional(), pin: pinAtSchema.exactOptional() };

/** A request to the Region that writes a stream: to move its home. */
export const pinRequestSchema = z.object({ step: z.literal('pin'), ...pinRequestShape, ...placedShape });

/** A request to a Region that wrote a stream: to seal its log for the entry. */
export const sealRequestSchema = z.object({
  step: z.literal('seal'),
  stream: streamNameSchema,
  placement: placementSchema,
  /** The pin that names the home whose entry it is. */
  pin: pinAtSchema.exactOptional(),
});

export type SealRequest = z.output<typeof sealRequestSchema>;

export const sealAnswerSchema = z.union([
  z.object({ kind: z.literal('sealed'), ...dotShape }),
  z.object({ kind: z.literal('unsealed'), problem: problemSchema }),
]);

export type SealAnswer = z.output<typeof sealAnswerSchema>;
