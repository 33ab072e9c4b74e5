import * as z from 'zod';

/** How the current code reads and writes a stored or sent form. */
export interface Form {
  /** Undefined: only other systems read it. */
  readonly read: ((form: unknown) => unknown) | undefined;
  /** Undefined: only other systems write it. */
  readonly write: ((means: unknown) => unknown) | undefined;
  /** The functions and schemas involved: a test reports those that are in no form. */
  readonly uses: readonly unknown[];
  /** Whether it is an item, whose values are attribute values. */
  readonly isItem: boolean;
  /** Why it is not read with unknown members. @default undefined: it is */
  readonly strict: string | undefined;
  /** Removes the parts that differ between machines. */
  readonly comparable: (form: unknown) => unknown;
}

interface Codec<T> {
  readonly read?: (form: unknown) => T | Promise<T>;
  readonly write?: (means: T) => unknown;
  /** The functions and schemas involved, in addition to `read` and `write` themselves. */
  readonly uses?: readonly unknown[];
  readonly strict?: string;
  readonly comparable?: (form: unknown) => unknown;
}

/** A form sent as JSON. The `means` of a sample is passed to the encoder unchecked: the result is read again anyway. */
export function message<T>(codec: Codec<T>): Form {
  return formOf(codec, false);
}

/** A form stored in a table of DynamoDB. */
export function item<T>(codec: Codec<T>): Form {
  return formOf(codec, true);
}

/** A form sent unchanged, and read by a schema. */
export function parsedBy<T>(schema: z.ZodType<T>): Form {
  return message({ read: (form) => schema.parse(form), write: (means: T) => means, uses: [schema] });
}

function formOf<T>({ read, write, uses = [], strict, comparable = (form) => form }: Codec<T>, isItem: boolean): Form {
  const meantSchema = z.custom<T>();
  return {
    read,
    write: write && ((means) => write(meantSchema.parse(means))),
    uses: [...uses, read, write],
    isItem,
    strict,
    comparable,
  };
}
