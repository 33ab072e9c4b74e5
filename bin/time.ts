const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A day, and a time of the day with or without its offset from UTC. */
const TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * A time from the command line: ISO 8601, or how long ago, such as `36h`. Without an offset it is in the time zone of this machine, a
 * day alone too.
 * @returns undefined if it is neither, or no time of the calendar
 */
export function timeOf(text: string, now: number): Date | undefined {
  const [, number = '', unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? [];
  const ago = UNITS[unit];
  const time = new Date(ago === undefined ? momentOf(text) : now - Number(number) * ago);
  // JavaScript's dates end 275,000 years before and after 1970.
  return Number.isNaN(time.getTime()) ? undefined : time;
}

function momentOf(text: string): number {
  const [, day, minutes = '00:00', seconds = ':00', offset = ''] = TIME.exec(text) ?? [];
  if (day === undefined) return Number.NaN;
  // JavaScript takes 30 February for 2 March, and 24:00 for the next day: in UTC, both are read back differently.
  const asUtc = Date.parse(`${day}T${minutes}${seconds}Z`);
  const isReal = !Number.isNaN(asUtc) && new Date(asUtc).toISOString().startsWith(`${day}T${minutes}`);
  return isReal ? Date.parse(`${day}T${minutes}${seconds}${offset}`) : Number.NaN;
}

/** A time as the clock on the wall shows it, with its offset from UTC: `2026-11-24 09:00:00 +01:00`. */
export function localTime(time: Date): string {
  const offset = -time.getTimezoneOffset();
  const wall = new Date(time.getTime() + offset * 60_000).toISOString();
  const [hours, minutes] = [Math.abs(offset) / 60, Math.abs(offset) % 60].map((part) =>
    String(Math.floor(part)).padStart(2, '0'),
  );
  return `${wall.slice(0, 10)} ${wall.slice(11, 19)} ${offset < 0 ? '-' : '+'}${hours}:${minutes}`;
}
