/**
 * DynamoDB's order of string keys: that of their UTF-8 bytes, which is the order of code points. JavaScript's own order is
 * that of UTF-16 code units; the two differ where a character above U+FFFF meets one from U+E000 to U+FFFF.
 */
export function keyOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates, the halves of what lies above U+FFFF, come last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
