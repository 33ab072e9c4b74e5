import * as z from 'zod';
import { MAX_NAME_CHARACTERS } from '../limits/budgets.ts';

/** The position of a commit, as members of a larger object. */
export const dotShape = { log: z.string(), position: z.number() };

/** A commit's position in its log: 1, 2, 3 … */
export const positionSchema = z.int().min(1);

/** A version vector. */
export const versionVectorSchema = z.record(z.string(), z.number());

const MAX_META_LENGTH = 256;

/** The pattern of a stream's id. `.` and `..` are not allowed: a URL cannot contain them as ids. */
export const STREAM_ID = String.raw`(?!\.\.?$)[A-Za-z0-9._~-]{1,200}`;

export const streamNameSchema = z
  .string()
  .regex(
    new RegExp(`^[a-z][a-z0-9-]*/${STREAM_ID}$`),
    'is not <type>/<id>: type [a-z][a-z0-9-]*, id [A-Za-z0-9._~-]{1,200}',
  );

export const commitIdSchema = z.string().regex(/^[\x21-\x7e]{1,200}$/, 'is not 1 to 200 visible ASCII characters');

const metaTextSchema = z.string().min(1).max(MAX_META_LENGTH);

const traceparentSchema = z
  .string()
  .regex(/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/, 'is not a W3C traceparent');

export const metaSchema = z.strictObject({
  correlation: metaTextSchema.optional(),
  causation: metaTextSchema.optional(),
  actor: metaTextSchema.optional(),
  traceparent: traceparentSchema.optional(),
});

/** `meta` as passed on between our functions: validated, but newer code may have added members. */
export const passedOnMetaSchema = z.object(metaSchema.shape);

/** `meta` as stored: it may have been written under other limits. */
export const givenMetaSchema = z.object({
  correlation: z.string().optional(),
  causation: z.string().optional(),
  actor: z.string().optional(),
  traceparent: z.string().optional(),
});

/** The name of an event or a command, as a caller sends it: whether it exists is another question. */
export const nameSchema = z.string().min(1).max(MAX_NAME_CHARACTERS);

export const sentEventSchema = z.strictObject({
  type: nameSchema,
  schemaVersion: z.number().int().optional(),
  data: z.unknown().optional(),
});

export function isTraceparent(text: string | undefined): text is string {
  return traceparentSchema.safeParse(text).success;
}
