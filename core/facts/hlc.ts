/**
 * Hybrid logical clock: a stamp is 12 hex digits of milliseconds since 1970 and 4 of a counter, so stamps sort as
 * strings. After Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (2014), with the state kept
 * in the streams: the latest stamp is the one loaded, so there is no separate clock to persist.
 */
export type Hlc = string;

const COUNTER_LIMIT = 0xffff;
function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** True if a text has the form of a stamp. */
export function isStamp(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text);
}

/** Milliseconds since 1970 of a stamp. */
export function wallTimeOf(stamp: Hlc): number {
  return Number.parseInt(stamp.slice(0, 12), 16);
}

/**
 * The next stamp: above `latest` whatever the wall clock says, and not behind the wall clock.
 * @param now this Region's wall clock, milliseconds since 1970
 * @param latest the highest stamp loaded, however far ahead of `now`
 */
export function nextStamp(now: number, latest?: Hlc): Hlc {
  const wall = Math.max(0, Math.floor(now));
  if (latest === undefined || wallTimeOf(latest) < wall) return hex(wall, 12) + hex(0, 4);
  const counter = Number.parseInt(latest.slice(12), 16);
  return counter < COUNTER_LIMIT
    ? latest.slice(0, 12) + hex(counter + 1, 4)
    : hex(wallTimeOf(latest) + 1, 12) + hex(0, 4);
}
