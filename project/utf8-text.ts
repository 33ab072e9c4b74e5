import { readFileSync } from 'node:fs';
import { messageOf } from '../core/facts/errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The text of a file or of standard input, without the byte order mark with which editors and shells of Windows begin one.
 * @throws Error when it is not UTF-8
 */
export function utf8Text(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw new Error('This is not UTF-8: it is UTF-16, as Windows PowerShell writes it; save it as UTF-8');
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Error(`This is not UTF-8: ${messageOf(cause)}`, { cause });
  }
}

/** The text of a file, as `utf8Text`. @throws Error also when the file cannot be read */
export function readText(file: string): string {
  return utf8Text(readFileSync(file));
}
