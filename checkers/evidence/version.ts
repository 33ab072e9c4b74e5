/** How far each log is known: log → position. A missing log is at 0. */
export type Version = Readonly<Record<string, number>>;

/** A log and a position in it. */
export interface Dot {
  readonly log: string;
  readonly position: number;
}

export function positionIn(version: Version, log: string): number {
  return Object.hasOwn(version, log) ? (version[log] ?? 0) : 0;
}

export function covers(version: Version, { log, position }: Dot): boolean {
  return positionIn(version, log) >= position;
}

/** Whether `a` covers everything that `b` covers. */
export function dominates(a: Version, b: Version): boolean {
  return lacking(a, b) === undefined;
}

/** A dot that `b` covers and `a` does not, the first one of its log; undefined if there is none. */
export function lacking(a: Version, b: Version): Dot | undefined {
  for (const [log, position] of Object.entries(b)) {
    const known = positionIn(a, log);
    if (known < position) return { log, position: known + 1 };
  }
  return undefined;
}

export function sameVersion(a: Version, b: Version): boolean {
  return dominates(a, b) && dominates(b, a);
}

/** The least version that covers what either one covers. */
export function joined(a: Version, b: Version): Version {
  const both = new Map(Object.entries(a));
  for (const [log, position] of Object.entries(b)) both.set(log, Math.max(both.get(log) ?? 0, position));
  return Object.fromEntries(both);
}

/** `us-east-1@3` */
export function showDot({ log, position }: Dot): string {
  return `${log}@${position}`;
}

/** `us-east-1@3 us-west-2@1`, or `nothing` */
export function showVersion(version: Version): string {
  const dots = Object.entries(version).map(([log, position]) => showDot({ log, position }));
  return dots.sort().join(' ') || 'nothing';
}
