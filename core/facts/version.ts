/** The position of one commit: 1, 2, 3 … of a log. */
export interface Dot {
  readonly log: string;
  readonly position: number;
}

/** A version vector: how far each log is known. A missing log is at 0. */
export type VersionVector = Readonly<Record<string, number>>;

export const emptyVersion: VersionVector = Object.freeze({});

/** An object without a prototype: a log from outside may be named `__proto__`, which other objects cannot store. */
function versionFrom(version: VersionVector): Record<string, number> {
  return Object.assign(Object.create(null), version);
}

/** The version with these positions by log. */
export function versionOf(positions: ReadonlyMap<string, number>): VersionVector {
  const version = versionFrom(emptyVersion);
  for (const [log, position] of positions) version[log] = position;
  return version;
}

/** Own properties only: a log could be named `constructor`, which every object inherits. */
export function positionIn(version: VersionVector, log: string): number {
  return (Object.hasOwn(version, log) && version[log]) || 0;
}

export function versionCovers(version: VersionVector, { log, position }: Dot): boolean {
  return positionIn(version, log) >= position;
}

/** True if `a` includes everything that `b` includes. */
export function versionDominates(a: VersionVector, b: VersionVector): boolean {
  for (const log in b) if (positionIn(a, log) < positionIn(b, log)) return false;
  return true;
}

export function sameVersion(a: VersionVector, b: VersionVector): boolean {
  return versionDominates(a, b) && versionDominates(b, a);
}

/** The least version that includes both `a` and `b`. */
export function joinVersions(a: VersionVector, b: VersionVector): VersionVector {
  if (versionDominates(a, b)) return a;
  const joined = versionFrom(a);
  for (const log in b) joined[log] = Math.max(positionIn(a, log), positionIn(b, log));
  return joined;
}

/** The greatest version that both `a` and `b` include. */
export function meetVersions(a: VersionVector, b: VersionVector): VersionVector {
  const met = versionFrom(emptyVersion);
  for (const log in a) met[log] = Math.min(positionIn(a, log), positionIn(b, log));
  return met;
}

export function advanceVersion(version: VersionVector, { log, position }: Dot): VersionVector {
  return joinVersions(version, { [log]: position });
}
