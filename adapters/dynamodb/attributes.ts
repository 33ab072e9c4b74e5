import * as z from 'zod';
import { isObject } from '../../core/facts/json.ts';
import { MeridianError } from '../../core/index.ts';

// Attribute values in DynamoDB's wire format, for the types that Meridian uses. Schemas only check, and functions
// convert. Schemas that transform would take three times as long, and every stream record passes through here.

export const textSchema = z.object({ S: z.string() });
const COUNT = /^\d{1,16}$/;
export const countSchema = z.object({ N: z.string().regex(COUNT) });
/** A time or duration in milliseconds, not necessarily whole. */
export const numberSchema = z.object({ N: z.string().refine((text) => Number.isFinite(Number(text))) });
/** A record of `countSchema`, which every stream record has, and which `z.record` would take three times as long to check. */
export const countsSchema = z.object({ M: z.custom<Counts['M']>(isRecordOf(isCount), 'is not a map of counts') });

/** A check of a record's values that does not copy it. */
export function isRecordOf(isValue: (value: unknown) => boolean): (record: unknown) => boolean {
  return (record) => isObject(record) && !Array.isArray(record) && Object.values(record).every(isValue);
}

function isCount(count: unknown): boolean {
  const isMap = isObject(count) && 'N' in count;
  return isMap && typeof count.N === 'string' && COUNT.test(count.N);
}

/** The key of an item in a table that has a partition key and a sort key. */
export const keySchema = z.object({ pk: textSchema, sk: textSchema });

/** The faults that a schema found in an image. */
export function faultsIn({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}

/** The error for an item of unexpected content. @param what the expected content, such as `a commit` */
export function unexpectedItem(what: string, image: unknown, faults: string): MeridianError {
  const key = keySchema.safeParse(image);
  const name = key.success ? `${key.data.pk.S} ${key.data.sk.S}` : 'without a key';
  return new MeridianError('internal', `The item ${name} is not ${what}: ${faults}. Check what wrote the item.`);
}

export type Key = z.infer<typeof keySchema>;
export type Text = z.infer<typeof textSchema>;
export type Count = z.infer<typeof countSchema>;
export type Numeric = z.infer<typeof numberSchema>;
export interface Counts {
  readonly M: Readonly<Record<string, Count>>;
}

export function toCounts(values: Readonly<Record<string, number>>): Counts {
  // Without a prototype, because a log from outside may be named `__proto__`.
  const M: Record<string, Count> = Object.create(null);
  for (const key in values) M[key] = { N: String(values[key]) };
  return { M };
}

export function fromCounts({ M }: Counts): Record<string, number> {
  const values: Record<string, number> = Object.create(null);
  for (const key in M) values[key] = Number(M[key]?.N);
  return values;
}

const POSITION_DIGITS = 16;
/** Zero-padded, so that texts sort like positions. */
export function padded(position: number, digits = POSITION_DIGITS): string {
  return String(position).padStart(digits, '0');
}

/**
 * JSON values are stored as text, so that every value is preserved exactly; DynamoDB's numbers and map keys cannot
 * represent every value. `undefined` is a missing attribute.
 */
export function fromJson(text: Text | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text.S);
}
