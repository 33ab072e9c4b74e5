import { describe, expect, it } from 'vitest';
import { utf8Text } from '../../project/utf8-text.ts';

describe('the text of a file', () => {
  it('has no byte order mark', () => {
    expect(utf8Text(Buffer.from('\ufeff{"a":"é\ufeff"}'))).toBe('{"a":"é\ufeff"}');
    expect(utf8Text(Buffer.from(''))).toBe('');
  });

  it.each([
    ['UTF-16', Buffer.from('\ufeff[]', 'utf16le'), /UTF-16.*save it as UTF-8/],
    ['UTF-16, big end first', Buffer.from('\ufeff[]', 'utf16le').swap16(), /UTF-16.*save it as UTF-8/],
    ['Latin-1', Buffer.from('"é"', 'latin1'), /^This is not UTF-8: /],
  ])('is refused if it is in %s', (_name, bytes, message) => {
    expect(() => utf8Text(bytes)).toThrow(message);
  });
});
