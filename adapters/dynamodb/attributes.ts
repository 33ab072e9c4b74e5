import * as z from 'zod';

// Attribute values on the wire, of those types that Meridian writes. The schemas only check, the functions convert: that is
// three times as fast as schemas that transform, and every stream record goes through here.

export const textSchema = z.object({ S: z.string() });
export const countSchema = z.object({ N: z.string().regex(/^\d{1,16}$/) });
export const countsSchema = z.object({ M: z.record(z.string(), countSchema) });

export type Text = z.infer<typeof textSchema>;
export type Count = z.infer<typeof countSchema>;
export type Counts = z.infer<typeof countsSchema>;

export const toCounts = (values: Readonly<Record<string, number>>): Counts => {
  const M: Record<string, Count> = {};
  for (const key in values) M[key] = { N: String(values[key]) };
  return { M };
};

export const fromCounts = ({ M }: Counts): Record<string, number> => {
  const values: Record<string, number> = {};
  for (const key in M) values[key] = Number(M[key]?.N);
  return values;
};

/**
 * A JSON value is kept as text, so that each comes back exactly: a number of DynamoDB and the keys of its maps cannot hold
 * all of them. `undefined` is the absence of the attribute.
 */
export const fromJson = (text: Text | undefined): unknown => (text === undefined ? undefined : JSON.parse(text.S));
