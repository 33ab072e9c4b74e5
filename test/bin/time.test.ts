import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { localTime, timeOf } from '../../bin/time.ts';

const NOW = Date.UTC(2026, 10, 24, 8);

function inZone(zone: string): void {
  vi.stubEnv('TZ', zone);
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe('a time from the command line', () => {
  it.each([
    ['2026-11-24T08:00:00Z', '2026-11-24T08:00:00.000Z'],
    ['2026-11-24T08:00:00.5+01:30', '2026-11-24T06:30:00.500Z'],
    ['2026-11-24 08:00Z', '2026-11-24T08:00:00.000Z'],
    ['2028-02-29T00:00Z', '2028-02-29T00:00:00.000Z'],
    ['90m', '2026-11-24T06:30:00.000Z'],
    ['2d', '2026-11-22T08:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(timeOf(text, NOW)?.toISOString()).toBe(iso);
  });

  it.each([
    ...['2026-02-30', '2026-02-29T08:00:00Z', '2026-04-31T08:00', '2026-13-01', '2026-00-10', '2026-01-00'],
    ...['2026-11-24T24:00:00Z', '2026-11-24T08:60:00Z', '2026-11-24T08:00:60Z', '2026-11-24T08:00:00+25:00'],
    ...[
      'yesterday',
      '2026',
      '2026-11',
      '2026-11-24T08',
      '2026-11-24T08:00:00 CET',
      '2026-11-24x',
      '',
      '5 minutes',
      '-1h',
    ],
    '999999999999d',
  ])('%j is none', (text) => {
    expect(timeOf(text, NOW)).toBeUndefined();
  });

  it('is in the time zone of the machine if it has no offset, a day alone too', () => {
    inZone('Asia/Kolkata');
    expect(timeOf('2026-11-24', NOW)?.toISOString()).toBe('2026-11-23T18:30:00.000Z');
    expect(timeOf('2026-11-24T08:00', NOW)?.toISOString()).toBe('2026-11-24T02:30:00.000Z');
    expect(timeOf('2026-11-24T08:00Z', NOW)?.toISOString()).toBe('2026-11-24T08:00:00.000Z');
  });

  it.each([
    ['Asia/Kolkata', '2026-11-24 13:30:00 +05:30'],
    ['America/New_York', '2026-11-24 03:00:00 -05:00'],
    ['UTC', '2026-11-24 08:00:00 +00:00'],
  ])('is shown in the time of %s as %s', (zone, shown) => {
    inZone(zone);
    expect(localTime(new Date(NOW))).toBe(shown);
  });
});
