import * as z from 'zod';
import { messageOf } from '../core/facts/errors.ts';
import { readText } from './utf8-text.ts';

/**
 * The contents of a JSON file, or what is wrong with them: the message of the parser, with the position of the fault or
 * the text around it, or the message of the schema.
 */
export function readJsonFile<T>(file: string, schema: z.ZodType<T>): { readonly data: T } | { readonly fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (error) {
    // The message quotes the text around the fault, including line breaks.
    return { fault: `✖ ${messageOf(error).replaceAll(/\s+/g, ' ')}` };
  }
  const { success, data, error } = schema.safeParse(json);
  return success ? { data } : { fault: z.prettifyError(error) };
}
