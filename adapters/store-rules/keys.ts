import { MAX_SORT_KEY_BYTES } from '../../core/limits/aws.ts';

/**
 * Shortens a text to the maximum length of a key. A key sorts after the result exactly if it sorts after the text: the
 * start of the text is kept, and padded with the greatest character if a character is cut off.
 */
export function lastKeyUpTo(text: string): string {
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_SORT_KEY_BYTES));
  return read === text.length ? text : text.slice(0, read) + (GREATEST[MAX_SORT_KEY_BYTES - written] ?? '');
}

/** The greatest character of each length in UTF-8: 0 (none), 1, 2 and 3 bytes. */
const GREATEST = ['', '\u007f', '\u07ff', '\uffff'];
