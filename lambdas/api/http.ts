import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { cutProblem, messageOf } from '../../core/facts/errors.ts';
import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import { emptyVersion, joinVersions } from '../../core/facts/version.ts';
import {
  type Appended,
  decodeVersionToken,
  encodeVersionToken,
  invalid,
  isTraceparent,
  listedFaults,
  MeridianError,
  type Meta,
  type Problem,
  readVersionToken,
  streamNameOf,
  toProblem,
  unquoted,
  type VersionVector,
} from '../../core/index.ts';
import {
  DEFAULT_PAGE,
  MAX_ANSWER_BYTES,
  MAX_BODY_BYTES,
  MAX_CATCH_UP_S,
  MAX_PAGE,
  MAX_PROBLEM_BYTES,
} from '../../core/limits/budgets.ts';

/** The parameters in a route's path. */
export type Parameters = Readonly<Record<string, string>>;

/** The structured response format of a Function URL. */
export interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The request's body as JSON; undefined if empty.
 * @throws MeridianError `too-large`: over 5 MB; `validation`: not JSON, or not the bytes or the text that it should be
 */
export function jsonBody({ body, isBase64Encoded }: LambdaFunctionURLEvent): unknown {
  if (body === undefined || body === '') return undefined;
  // A text with half of a surrogate pair has no bytes: it would be altered.
  if (!isBase64Encoded && !body.isWellFormed())
    throw invalid([{ path: '', message: 'The body is not Unicode: it has a lone surrogate' }]);
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  // Node skips what is not base64, and ends there.
  if (isBase64Encoded && bytes.toString('base64') !== body)
    throw invalid([{ path: '', message: 'The body is not base64' }]);
  if (bytes.length > MAX_BODY_BYTES)
    throw new MeridianError(
      'too-large',
      `A body holds at most ${MAX_BODY_BYTES} bytes; this one has ${bytes.length}.`,
      {
        details: { bytes: bytes.length, limit: MAX_BODY_BYTES },
      },
    );
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw invalid([{ path: '', message: `The body is not JSON: ${messageOf(error)}` }]);
  }
}

/** A header by its case-insensitive name. */
export function header({ headers }: LambdaFunctionURLEvent, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/**
 * Parses a value that came from a header: faults at `path` are reported under the header's name.
 * @throws what `read` throws
 */
export function inHeader<T>(name: string, path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw renamed(error, name, path);
  }
}

/** Like `inHeader`, of a value that is used later. @throws what `using` rejects with */
export async function namedAs<T>(name: string, path: string, using: Promise<T>): Promise<T> {
  try {
    return await using;
  } catch (error) {
    throw renamed(error, name, path);
  }
}

function renamed(error: unknown, name: string, path: string): unknown {
  const faults = error instanceof MeridianError && error.code === 'validation' ? listedFaults(error) : undefined;
  return faults ? invalid(faults.map((fault) => (fault.path === path ? { ...fault, path: name } : fault))) : error;
}

/** The version token in a header, with or without ETag quotes. @throws MeridianError `validation` */
export function tokenHeader(event: LambdaFunctionURLEvent, name: string): string | undefined {
  const text = header(event, name);
  return text && unquoted(text.trim());
}

/** @throws MeridianError `validation` */
export function versionHeader(event: LambdaFunctionURLEvent, name: string, stream: string): VersionVector | undefined {
  const token = tokenHeader(event, name);
  return token === undefined ? undefined : decodeVersionToken(stream, token, name);
}

/**
 * The versions in a header that lists version tokens of any streams, by stream; those of one stream are joined. Lambda
 * sends a repeated header as a list.
 * @throws MeridianError `validation`
 */
export function versionsHeader(event: LambdaFunctionURLEvent, name: string): ReadonlyMap<string, VersionVector> {
  const versions = new Map<string, VersionVector>();
  const text = header(event, name);
  if (text === undefined) return versions;
  // The empty elements of a list are ignored (RFC 9110), but not all of them.
  const tokens = text.split(',').flatMap((part) => unquoted(part.trim()) || []);
  for (const token of tokens.length > 0 ? tokens : ['']) {
    const { stream, version } = readVersionToken(token, name);
    const { type, id } = parseStreamRef(stream);
    inHeader(name, 'stream', () => streamNameOf(type, id));
    versions.set(stream, joinVersions(versions.get(stream) ?? emptyVersion, version));
  }
  return versions;
}

/**
 * The seconds of `Prefer: wait=N` (RFC 7240), at most `most`; undefined if absent. As the RFC requires, only the first of
 * several preferences counts, and a malformed one is ignored.
 */
export function waitHeader(event: LambdaFunctionURLEvent, most: number): number | undefined {
  const preferences = withoutQuotes(header(event, 'Prefer') ?? '').split(',');
  const parts = preferences.map((preference) => (preference.split(';', 1)[0] ?? '').split('='));
  const [, seconds = '', more] = parts.find(([name]) => name?.trim().toLowerCase() === 'wait') ?? [];
  return more === undefined && /^\s*\d+\s*$/.test(seconds) ? Math.min(Number(seconds), most) : undefined;
}

/**
 * The response to a read that waits for as long as its caller prefers, with what was applied, even if that was not enough.
 * @param read gets the milliseconds to wait, undefined for the default
 * @throws what `read` throws, except `not-caught-up` where the caller has a preference
 */
export async function answerWaiting(
  event: LambdaFunctionURLEvent,
  read: (waitMs: number | undefined) => Promise<Answer>,
): Promise<Answer> {
  const asked = waitHeader(event, MAX_CATCH_UP_S);
  if (asked === undefined) return read(undefined);
  const applied = { 'preference-applied': `wait=${asked}` };
  try {
    const answer = await read(asked * 1000);
    return { ...answer, headers: { ...answer.headers, ...applied } };
  } catch (error) {
    if (!(error instanceof MeridianError && error.code === 'not-caught-up')) throw error;
    return problemAnswer(error, applied);
  }
}

/**
 * The text without the contents of quoted strings (RFC 9110), in one pass: an expression would start again at every quote
 * that is not closed. Quoted text belongs to other preferences: the value of `wait` has only digits.
 */
function withoutQuotes(text: string): string {
  let rest = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '"') isQuoted = !isQuoted;
    if (isQuoted && char === '\\') i++;
    if (!isQuoted || char === '"') rest += char;
  }
  return rest;
}

/** Adds the caller's trace, unless `meta` has one. As W3C Trace Context requires, a malformed trace is ignored. */
export function traced<T extends { readonly meta: Meta }>(asked: T, event: LambdaFunctionURLEvent): T {
  const traceparent = header(event, 'traceparent');
  return isTraceparent(traceparent) ? { ...asked, meta: { traceparent, ...asked.meta } } : asked;
}

/** `?after=` and `?limit=` of a paginated route. @throws MeridianError `validation` */
export function pageOf({ rawQueryString }: LambdaFunctionURLEvent): { after: string | undefined; limit: number } {
  const query = new URLSearchParams(rawQueryString);
  const text = query.get('limit') ?? String(DEFAULT_PAGE);
  const limit = /^\d+$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_PAGE)
    throw invalid([{ path: 'limit', message: `is "${text}"; it must be 1 to ${MAX_PAGE}` }]);
  return { after: query.get('after') ?? undefined, limit };
}

/** True if a Function URL can return a value as JSON. */
export function fitsAnswer(value: unknown): boolean {
  return payloadBytes(JSON.stringify(value)) <= MAX_ANSWER_BYTES;
}

/** @throws MeridianError `too-large`: more than a Function URL can return */
export function jsonAnswer(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = JSON.stringify(value);
  const bytes = payloadBytes(body);
  if (bytes > MAX_ANSWER_BYTES)
    throw new MeridianError(
      'too-large',
      `The response has ${bytes} bytes; the limit is ${MAX_ANSWER_BYTES}. Use a lower ?limit=.`,
      {
        details: { bytes, limit: MAX_ANSWER_BYTES },
      },
    );
  return { statusCode: 200, headers: { 'content-type': 'application/json', ...headers }, body };
}

/**
 * The size of a body in the JSON that Lambda transports, where quotes and backslashes take two bytes. It is exact only
 * near the limit.
 */
function payloadBytes(body: string): number {
  const bytes = Buffer.byteLength(body);
  return 2 * bytes > MAX_ANSWER_BYTES ? Buffer.byteLength(JSON.stringify(body)) : bytes;
}

/**
 * An error as an RFC 9457 problem document. For a retryable error, `Retry-After` has the seconds to wait: `retryAfter`,
 * or 1.
 */
export function problemAnswer(error: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const problem = toProblem(error);
  // The domain chooses the details of a refusal.
  const document = fitsAnswer(problem) ? problem : cutProblem(problem, MAX_PROBLEM_BYTES);
  return {
    statusCode: document.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(document.retryable && { 'retry-after': secondsIn(document) }),
      ...headers,
    },
    body: JSON.stringify(document),
  };
}

/** The seconds to wait before a retry, from a problem document; 1 if absent. The domain may have set the member. */
export function secondsIn({ retryAfter }: Problem): string {
  return typeof retryAfter === 'number' && Number.isSafeInteger(retryAfter) && retryAfter > 0 ? `${retryAfter}` : '1';
}

/** The header with a stream's version. */
export function etag({ stream, version }: Pick<Appended, 'stream' | 'version'>) {
  return {
    etag: `"${encodeVersionToken(stream, version)}"`,
  };
}
