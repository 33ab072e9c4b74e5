import { MAX_SORT_KEY_BYTES } from '../../core/limits/aws.ts';

/** Whether a row or total can have this key at all. */
export function isKey(key: string): boolean {
  return key !== '' && Buffer.byteLength(key) <= MAX_SORT_KEY_BYTES;
}

/**
 * The last key there can be up to a text, which may be longer than any key: behind the one follows what follows behind the
 * other. That is the text's beginning, filled up with the greatest character where half a character is cut off.
 */
export function lastKeyUpTo(text: string): string {
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_SORT_KEY_BYTES));
  return read === text.length ? text : text.slice(0, read) + (GREATEST[MAX_SORT_KEY_BYTES - written] ?? '');
}

/** The greatest character of so many bytes; below those of more. */
const GREATEST = ['', '\u007f', '\u07ff', '\uffff'];
