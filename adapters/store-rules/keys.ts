import { MAX_SORT_KEY_BYTES } from '../../core/limits/aws.ts';

/**
 * Shortens a text to the length of a key, so that the same keys follow both: keeps the start of the text, and pads it
 * with the greatest character if a character is cut off.
 */
export function lastKeyUpTo(text: string): string {
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_SORT_KEY_BYTES));
  return read === text.length ? text : text.slice(0, read) + (GREATEST[MAX_SORT_KEY_BYTES - written] ?? '');
}

/** The greatest characters of 0, 1, 2 and 3 bytes. */
const GREATEST = ['', '\u007f', '\u07ff', '\uffff'];
