import { invalid } from '../facts/errors.ts';
import type { VersionVector } from '../facts/version.ts';
import { MAX_POSITION } from '../limits/budgets.ts';

const tokenPattern = /^(?<stream>[^\n]+)\n(?<logs>([a-z0-9][a-z0-9.-]*=[1-9]\d{0,15}(,(?!$)|$))*)$/;

/** The opaque form of a version for callers (an ETag); it includes the stream. */
export function encodeVersionToken(stream: string, version: VersionVector): string {
  const logs = Object.entries(version)
    .filter(([, position]) => position > 0)
    .map(([log, position]) => `${log}=${position}`)
    .sort();
  return btoa(`${stream}\n${logs.join(',')}`)
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** A version token without the quotes of an ETag. */
export function unquoted(token: string): string {
  return token.replace(/^(W\/)?"(.*)"$/, '$2');
}

/** True if a text has the form of a version token, of any stream. */
export function isVersionToken(text: string): boolean {
  return tokenPattern.test(decodeBase64(text));
}

/**
 * Parses a version token of a stream.
 * @param path the token's path, for the error
 * @throws MeridianError `validation`: not a token, one of another stream, or an impossible position
 */
export function decodeVersionToken(stream: string, token: string, path: string): VersionVector {
  const read = readVersionToken(token, path);
  if (read.stream !== stream) throw invalid([{ path, message: `is a version of ${read.stream}, not of ${stream}` }]);
  return read.version;
}

/** Reads a version token: its stream and the version. @throws MeridianError `validation`: not a token, or an impossible position */
export function readVersionToken(
  token: string,
  path: string,
): { readonly stream: string; readonly version: VersionVector } {
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
  // Every version has exactly one token: a token that differs from it was not made by `encodeVersionToken`.
  if (groups?.stream === undefined || encodeVersionToken(groups.stream, version) !== token)
    throw invalid([{ path, message: 'is not a version token; send a token back unchanged' }]);
  for (const [log, position] of Object.entries(version))
    if (position > MAX_POSITION)
      throw invalid([{ path, message: `names position ${position} of ${log}, which no log reaches` }]);
  return { stream: groups.stream, version };
}

function decodeBase64(text: string): string {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}
