import { MAX_SORT_KEY_BYTES } from '../../core/limits/aws.ts';

/**
 * The greatest possible key up to a text, which may be longer than any key: the same keys follow both. That is the
 * start of the text, padded with the greatest character if a character is cut off.
 */
export function lastKeyUpTo(text: string): string {
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_SORT_KEY_BYTES));
  return read === text.length ? text : text.slice(0, read) + (GREATEST[MAX_SORT_KEY_BYTES - written] ?? '');
}

/** The greatest character with this many bytes. */
const GREATEST = ['', '\u007f', '\u07ff', '\uffff'];
