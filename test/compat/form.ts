import * as z from 'zod';

/** How today's code reads and writes a form that is stored or sent. */
export interface Form {
  /** Undefined: only others read it. */
  readonly read: ((form: unknown) => unknown) | undefined;
  /** Undefined: only others write it. */
  readonly write: ((means: unknown) => unknown) | undefined;
  /** The functions and schemas of the code that do it: what a test has not found in any form has no sample. */
  readonly uses: readonly unknown[];
  /** Whether it is an item: then its values are attribute values. */
  readonly isItem: boolean;
  /** Why it is not read when it has members that are not known. @default it is */
  readonly strict: string | undefined;
  /** A form without what differs from machine to machine. */
  readonly comparable: (form: unknown) => unknown;
}

interface Codec<T> {
  readonly read?: (form: unknown) => T | Promise<T>;
  readonly write?: (means: T) => unknown;
  /** Beside `read` and `write` themselves. */
  readonly uses?: readonly unknown[];
  readonly strict?: string;
  readonly comparable?: (form: unknown) => unknown;
}

/** What is sent as JSON. `means` of a sample is taken for what the encoder wants: what it writes is read again anyway. */
export function message<T>(codec: Codec<T>): Form {
  return formOf(codec, false);
}

/** What is stored in a table of DynamoDB. */
export function item<T>(codec: Codec<T>): Form {
  return formOf(codec, true);
}

/** What is sent as it is, and read by a schema. */
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
