import * as z from 'zod';
import { invalid } from '../../core/index.ts';

/** Encodes the end of a scan's page as text, and decodes it. */
export function cursorOf<T>(schema: z.ZodType<T>) {
  const textSchema = z.preprocess(jsonOf, schema);
  return {
    encode: (end: T): string => JSON.stringify(schema.parse(end)),
    /** @throws MeridianError `validation` */
    decode: (cursor: string): T => {
      const parsed = textSchema.safeParse(cursor);
      if (!parsed.success) throw invalid([{ path: 'cursor', message: 'is not a cursor of this table' }]);
      return parsed.data;
    },
  };
}

function jsonOf(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
