const encoder = new TextEncoder();

const ASCII = /^[\0-\x7f]*$/;

/** The size of a text in UTF-8. Text of ASCII alone, which most is, is not encoded to find out. */
export function utf8Bytes(text: string): number {
  return ASCII.test(text) ? text.length : encoder.encode(text).length;
}
