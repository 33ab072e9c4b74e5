import { afterEach, describe, expect, it, vi } from 'vitest';
import { cell, sayJson, sayNote, sayText, table } from '../../bin/output.ts';

const hostile = 'a\u001b[2Jb\u009b31mc\u202ed\u2066e\u007ff\u0000g\rh\u200fi';

afterEach(() => void vi.restoreAllMocks());

function printedBy(print: () => void): string {
  const printed: string[] = [];
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  print();
  vi.restoreAllMocks();
  return printed.join('');
}

describe('the output of the command line', () => {
  it.each([
    ['data', () => sayText(hostile)],
    ['a note', () => sayNote(hostile)],
    ['JSON', () => sayJson({ text: hostile })],
    ['a table', () => sayText(table([{ name: 'text' }], [[cell(hostile)]]))],
  ])('has no control characters of callers as %s', (_what, print) => {
    const printed = printedBy(print);
    expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    expect(printed).toContain('\\u001b[2Jb\\u009b31mc\\u202ed');
  });

  it('keeps every value of JSON', () => {
    expect(JSON.parse(printedBy(() => sayJson({ [hostile]: hostile })))).toEqual({ [hostile]: hostile });
  });

  it('keeps lines and tabs of its own, and shows those of callers in a cell', () => {
    expect(printedBy(() => sayText('a\n\tb é 日本'))).toBe('a\n\tb é 日本\n');
    expect(cell('a\nb\tc')).toBe('a\\u000ab\\u0009c');
  });
});
