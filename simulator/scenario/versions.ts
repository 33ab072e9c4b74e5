import { encodeVersionToken, type VersionVector } from '../../core/index.ts';
import { readVersionToken } from '../../core/wire/version-token.ts';
import { ScenarioError } from './problem.ts';

/** A version as scenarios show it: `{east: 2}`. */
export function shownVersion(version: VersionVector): string {
  const logs = Object.entries(version)
    .filter(([, position]) => position > 0)
    .sort();
  return `{${logs.map(([log, position]) => `${log}: ${position}`).join(', ')}}`;
}

/** What a version token says. */
export function shownToken(token: string): string {
  return shownVersion(readVersionToken(token, 'version').version);
}

const literalPattern = /^\{(?<logs>.*)\}$/;
const logPattern = /^\s*(?<log>[a-z0-9-]+): (?<position>\d+)\s*$/;

/** The versions that a scenario has given names to, each of one or more streams. */
export class Versions {
  readonly #tokens = new Map<string, string>();

  /** @param token of the stream that it names */
  name(name: string, token: string): void {
    this.#tokens.set(`${name} ${readVersionToken(token, name).stream}`, token);
  }

  /** The token of a stream's version, from its name or from `{east: 2}`. @throws ScenarioError */
  token(stream: string, text: string): string {
    const logs = literalPattern.exec(text)?.groups?.logs;
    if (logs !== undefined) return encodeVersionToken(stream, versionIn(logs));
    const token = this.#tokens.get(`${text} ${stream}`);
    if (token === undefined) throw new ScenarioError(`No version of ${stream} is named ${text}.`);
    return token;
  }
}

function versionIn(logs: string): VersionVector {
  return Object.fromEntries(
    logs
      .split(',')
      .filter((part) => part.trim() !== '')
      .map((part) => {
        const { log, position } = logPattern.exec(part)?.groups ?? {};
        if (log === undefined) throw new ScenarioError(`{${logs}} is not a version. Write for example {east: 2}.`);
        return [log, Number(position)];
      }),
  );
}
