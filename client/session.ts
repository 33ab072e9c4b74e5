import { parseStreamRef } from '../core/facts/stream-ref.ts';
import { joinVersions, type VersionVector } from '../core/facts/version.ts';
import { SESSION_STREAMS } from '../core/limits/budgets.ts';
import { encodeVersionToken, readVersionToken } from '../core/wire/version-token.ts';
import { clientError, isClientError } from './error.ts';

const FORM = 'v1';

/**
 * What a user has seen of each stream, so that a read in any Region shows nothing older (read your writes, monotonic reads). It
 * keeps the {@link SESSION_STREAMS} most recently used streams, and guarantees nothing about others.
 */
export class Session {
  /** Versions by stream, in order of use: the most recently used stream is last. */
  readonly #versions = new Map<string, VersionVector>();

  /** @param exported the text of another session, which this one continues @throws ClientError `invalid-session` */
  constructor(exported?: string) {
    if (exported === undefined) return;
    const [form, ...tokens] = exported.split('.');
    if (form !== FORM) throw invalidSession();
    for (const token of tokens) this.saw(token);
  }

  /**
   * Records that a version was seen. @param token a version as the API returns it; it names its stream @throws ClientError
   * `invalid-session`
   */
  saw(token: string): void {
    const { stream, version } = read(token);
    const known = this.#versions.get(stream);
    this.#versions.delete(stream);
    this.#versions.set(stream, known ? joinVersions(known, version) : version);
    const [oldest] = this.#versions.keys();
    if (this.#versions.size > SESSION_STREAMS && oldest !== undefined) this.#versions.delete(oldest);
  }

  /** The version seen of a stream, as a token; undefined if nothing was seen, or it was forgotten. */
  versionOf(stream: string): string | undefined {
    const version = this.#versions.get(stream);
    return version && encodeVersionToken(stream, version);
  }

  /** The versions seen of the streams of a type, as tokens, from the most recently used stream on: `most` of them at most. */
  versionsOf(type: string, most: number): readonly string[] {
    const found = [...this.#versions].filter(([stream]) => parseStreamRef(stream).type === type);
    return found
      .reverse()
      .slice(0, Math.max(0, most))
      .map(([stream, version]) => encodeVersionToken(stream, version));
  }

  /** The session as a text of letters, digits and `-_.`, for a browser or another process: about 60 characters per stream. */
  export(): string {
    return [FORM, ...[...this.#versions].map(([stream, version]) => encodeVersionToken(stream, version))].join('.');
  }
}

/**
 * Records the version that a Region returned. A version in a form that only newer clients can read is ignored, because
 * the call has succeeded.
 */
export function recordAnswer(session: Session, token: string): void {
  try {
    session.saw(token);
  } catch (error) {
    if (!isClientError(error, 'invalid-session')) throw error;
  }
}

function read(token: string): ReturnType<typeof readVersionToken> {
  try {
    return readVersionToken(token, 'session');
  } catch (cause) {
    throw invalidSession({ cause });
  }
}

function invalidSession(options: ErrorOptions = {}) {
  return clientError('invalid-session', 'This is not an exported session. Start a new one: new Session().', options);
}
