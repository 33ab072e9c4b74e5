import { describe, expect, it } from 'vitest';
import { encodeStreamState } from '../../../core/wire/api.ts';
import { encodePoint, parsePoint } from '../../../core/wire/point.ts';
import { encodeVersionToken } from '../../../core/wire/version-token.ts';

const STREAM = 'note/n';
const token = encodeVersionToken(STREAM, { us: 3 });
const time = Date.UTC(2026, 10, 30, 12);

describe('a point of a stream', () => {
  it.each([
    ['2026-11-30T12:00:00Z', time],
    ['2026-11-30t12:00:00.000z', time],
    ['2026-11-30T13:30:00+01:30', time],
    ['2026-11-30T13:30:00 01:30', time],
    ['2026-11-30T10:00:00-02:00', time],
    ['2026-11-30T12:00:00.0019Z', time + 1],
    ['1969-12-31T23:59:59.999Z', -1],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('is a time: %s', (text, expected) => {
    expect(parsePoint(STREAM, text)).toEqual({ time: expected });
  });

  it.each([token, `"${token}"`, `W/"${token}"`])('is a version: %s', (text) => {
    expect(parsePoint(STREAM, text)).toEqual({ version: { us: 3 } });
  });

  it.each([
    ['', 'is neither'],
    ['0', 'is neither'],
    ['now', 'is neither'],
    ['2026-11-30', 'is neither'],
    ['2026-11-30T12:00:00', 'is neither'],
    ['2026-11-30T24:00:00Z', 'is neither'],
    ['2026-11-31T12:00:00Z', 'is neither'],
    ['2026-02-29T12:00:00Z', 'is neither'],
    ['2026-11-30 12:00:00Z', 'is neither'],
    ['+012026-11-30T12:00:00Z', 'is neither'],
    [`${token}!`, 'is neither'],
    [`"${token}`, 'is neither'],
    [encodeVersionToken('note/other', {}), 'is a version of note/other'],
    [encodeVersionToken(STREAM, { us: 1_000_000_000_001 }), 'which no log reaches'],
  ])('is not %j', (text, message) => {
    expect(() => parsePoint(STREAM, text)).toThrow(
      expect.objectContaining({
        code: 'validation',
        details: { faults: [{ path: 'at', message: expect.stringContaining(message) }] },
      }),
    );
  });

  it('is returned as it can be sent back', () => {
    expect(encodePoint(STREAM, { version: { us: 3 } })).toBe(token);
    expect(encodePoint(STREAM, { time })).toBe('2026-11-30T12:00:00.000Z');
    const read = { state: 1, version: { us: 3 }, mode: 'merge' };
    expect(encodeStreamState('us', STREAM, { ...read, at: { time } })).toMatchObject({
      at: '2026-11-30T12:00:00.000Z',
    });
    expect(encodeStreamState('us', STREAM, read)).not.toHaveProperty('at');
  });
});
