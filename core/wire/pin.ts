import * as z from 'zod';
import { problemSchema } from '../facts/errors.ts';
import type { PinAt, PinKey } from '../facts/pin.ts';
import { dotShape, streamNameSchema } from './schemas.ts';

export const pinKeySchema: z.ZodType<PinKey> = z.object({
  forced: z.int().min(0),
  number: z.int().min(1),
  by: z.string(),
});

export const pinAtSchema: z.ZodType<PinAt> = z.object({ key: pinKeySchema, to: z.string(), ...dotShape });

/** What moves the home of one stream. */
export const pinRequestShape = {
  stream: streamNameSchema,
  /** The Region that is to be its home. @default the home by its id */
  to: z.string().optional(),
  /** Only finds out what would be done. */
  dryRun: z.boolean().default(false),
};

export const pinnedSchema = z.object({
  stream: z.string(),
  /** Its home now, or as it would be. */
  home: z.string(),
  /** The Region that wrote it until now. */
  writtenIn: z.string(),
  /** The Region that writes it now, or would: another one than its home if all that is at home there has been moved. */
  willBeWrittenIn: z.string(),
  /** False if nothing had to be done. */
  moved: z.boolean(),
  /** The newest pin of the stream; undefined if it has none. */
  pin: pinAtSchema.exactOptional(),
});

/** What came of moving the home of one stream. */
export type Pinned = z.output<typeof pinnedSchema>;

/** The answer of another Region to a request to move the home of a stream. */
export const pinAnswerSchema = z.union([
  z.object({ kind: z.literal('pinned'), ...pinnedSchema.shape }),
  z.object({ kind: z.literal('unpinned'), problem: problemSchema }),
]);

export type PinAnswer = z.output<typeof pinAnswerSchema>;
