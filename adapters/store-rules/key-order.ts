/**
 * DynamoDB's order of string keys: by UTF-8 bytes, which is the order of code points. JavaScript orders by UTF-16 code
 * units, which puts characters above U+FFFF before those from U+E000 to U+FFFF.
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

/** Surrogates, the halves of characters above U+FFFF, sort last. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
