import * as z from 'zod';
import { problemSchema } from '../facts/errors.ts';
import type { EntryKey, Placement, PlacementEntry } from '../facts/placement.ts';
import { dotShape, streamNameSchema } from './schemas.ts';

const entryKeyShape = { epoch: z.int().min(1), kind: z.enum(['planned', 'forced']), by: z.string() };

export const entryKeySchema: z.ZodType<EntryKey> = z.object(entryKeyShape);

export const placementEntrySchema: z.ZodType<PlacementEntry> = z.object({
  ...entryKeyShape,
  acting: z.string(),
  sources: z.array(z.string()),
  lost: z.array(z.string()),
  at: z.number(),
});

/** The newest entries that a Region knows, by scope. */
export const placementSchema: z.ZodType<Placement> = z.record(z.string(), placementEntrySchema);

/** What is passed on with a request that a home stream takes: the entry by which it was routed. */
export const placedShape = { placement: placementSchema.exactOptional() };

/** A request to a Region that wrote a stream: to seal its log for the entry. */
export const sealRequestSchema = z.object({
  step: z.literal('seal'),
  stream: streamNameSchema,
  placement: placementSchema,
});

export type SealRequest = z.output<typeof sealRequestSchema>;

export const sealAnswerSchema = z.union([
  z.object({ kind: z.literal('sealed'), ...dotShape }),
  z.object({ kind: z.literal('unsealed'), problem: problemSchema }),
]);

export type SealAnswer = z.output<typeof sealAnswerSchema>;
