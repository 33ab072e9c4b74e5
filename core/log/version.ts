import { invalid } from '../errors.ts';

/** One commit's own place: position 1, 2, 3 … of a log. */
export interface Dot {
  readonly log: string;
  readonly position: number;
}

/** A version vector: how far each log is known. A log that is missing stands at 0. */
export type Version = Readonly<Record<string, number>>;

export const empty: Version = Object.freeze({});

/** Asked for its own logs only: `constructor` could be one, and every object has that. */
export function positionIn(version: Version, log: string): number {
  return (Object.hasOwn(version, log) && version[log]) || 0;
}

export function covers(version: Version, { log, position }: Dot): boolean {
  return positionIn(version, log) >= position;
}

/** Does `a` know everything that `b` knows? */
export function dominates(a: Version, b: Version): boolean {
  for (const log in b) if (positionIn(a, log) < positionIn(b, log)) return false;
  return true;
}

export function sameVersion(a: Version, b: Version): boolean {
  return dominates(a, b) && dominates(b, a);
}

/** The least version that knows what `a` and `b` know. */
export function join(a: Version, b: Version): Version {
  if (dominates(a, b)) return a;
  const joined: Record<string, number> = { ...a };
  for (const log in b) joined[log] = Math.max(positionIn(a, log), positionIn(b, log));
  return joined;
}

/** The greatest version that both `a` and `b` know. */
export function meet(a: Version, b: Version): Version {
  const shared: Record<string, number> = {};
  for (const log in a) shared[log] = Math.min(positionIn(a, log), positionIn(b, log));
  return shared;
}

export function advance(version: Version, { log, position }: Dot): Version {
  return join(version, { [log]: position });
}

const tokenPattern = /^(?<stream>[^\n]+)\n(?<logs>([a-z0-9][a-z0-9.-]*=[1-9]\d{0,15}(,(?!$)|$))*)$/;

/** The opaque form in which callers keep a version (an ETag): it carries its stream. */
export function encodeVersion(stream: string, version: Version): string {
  const logs = Object.entries(version)
    .filter(([, position]) => position > 0)
    .map(([log, position]) => `${log}=${position}`)
    .sort();
  return btoa(`${stream}\n${logs.join(',')}`)
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/**
 * Reads a version token. `path` says in an error where the token stood.
 * @throws MeridianError `validation`: not a token, or one of another stream
 */
export function decodeVersion(stream: string, token: string, path: string): Version {
  const groups = tokenPattern.exec(decodeBase64(token))?.groups;
  const version = Object.fromEntries(
    (groups?.logs ?? '')
      .split(',')
      .filter(Boolean)
      .map((entry) => {
        const [log = '', position] = entry.split('=');
        return [log, Number(position)];
      }),
  );
  // There is one token of a version: what prints as another one was not made here.
  if (groups?.stream === undefined || encodeVersion(groups.stream, version) !== token)
    throw invalid([{ path, message: 'is not a version token; send one back as you got it' }]);
  if (groups.stream !== stream)
    throw invalid([{ path, message: `is a version of ${groups.stream}, not of ${stream}` }]);
  return version;
}

function decodeBase64(text: string): string {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}
