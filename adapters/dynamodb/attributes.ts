import * as z from 'zod';
import { MeridianError } from '../../core/index.ts';

// Attribute values on the wire, of those types that Meridian writes. The schemas only check, the functions convert: that is
// three times as fast as schemas that transform, and every stream record goes through here.

export const textSchema = z.object({ S: z.string() });
export const countSchema = z.object({ N: z.string().regex(/^\d{1,16}$/) });
/** A time or a span of milliseconds, which need not be whole. */
export const numberSchema = z.object({ N: z.string().refine((text) => Number.isFinite(Number(text))) });
export const countsSchema = z.object({ M: z.record(z.string(), countSchema) });

/** Of an item of any table with both. */
export const keySchema = z.object({ pk: textSchema, sk: textSchema });

/** What is wrong with an image, as its schema says. */
export function faultsIn({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

/** That an image is not what it was read as. @param what `a commit` */
export function unexpectedItem(what: string, image: unknown, faults: string): MeridianError {
  const key = keySchema.safeParse(image);
  const name = key.success ? `${key.data.pk.S} ${key.data.sk.S}` : 'without a key';
  return new MeridianError('internal', `The item ${name} is not ${what}: ${faults}. Find out who wrote it.`);
}

export type Key = z.infer<typeof keySchema>;
export type Text = z.infer<typeof textSchema>;
export type Count = z.infer<typeof countSchema>;
export type Numeric = z.infer<typeof numberSchema>;
export type Counts = z.infer<typeof countsSchema>;

export function toCounts(values: Readonly<Record<string, number>>): Counts {
  const M: Record<string, Count> = {};
  for (const key in values) M[key] = { N: String(values[key]) };
  return { M };
}

export function fromCounts({ M }: Counts): Record<string, number> {
  const values: Record<string, number> = {};
  for (const key in M) values[key] = Number(M[key]?.N);
  return values;
}

const POSITION_DIGITS = 16;
/** Zero-padded, so that the order of texts is that of positions. */
export function padded(position: number, digits = POSITION_DIGITS): string {
  return String(position).padStart(digits, '0');
}

/**
 * A JSON value is kept as text, so that each comes back exactly: a number of DynamoDB and the keys of its maps cannot hold
 * all of them. `undefined` is the absence of the attribute.
 */
export function fromJson(text: Text | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text.S);
}
