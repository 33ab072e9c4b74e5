import * as z from 'zod';
import { invalid } from '../facts/errors.ts';
import type { VersionVector } from '../facts/version.ts';
import { decodeVersionToken, encodeVersionToken, isVersionToken, unquoted } from './version-token.ts';

/** An earlier point of a stream: one of its versions, or a time in milliseconds since 1970. */
export type Point = { readonly version: VersionVector } | { readonly time: number };

const timeSchema = z.iso.datetime({ offset: true });

/**
 * Parses a time with its offset (RFC 3339).
 * @returns milliseconds since 1970; undefined if the text is none
 */
export function parseTime(text: string): number | undefined {
  // In a query, a plus sign that is not percent-encoded is a space; no time has one before its offset.
  const time = timeSchema.safeParse(text.replace(/ (?=\d{2}:\d{2}$)/, '+').toUpperCase());
  return time.success ? Date.parse(time.data) : undefined;
}

/**
 * Parses a point of a stream: a version token, with or without ETag quotes, or a time with its offset (RFC 3339).
 * @throws MeridianError `validation` with the path `at`: it is neither, or a token of another stream
 */
export function parsePoint(stream: string, text: string): Point {
  const time = parseTime(text);
  if (time !== undefined) return { time };
  const token = unquoted(text);
  if (!isVersionToken(token))
    throw invalid([
      { path: 'at', message: 'is neither a version token nor a time with its offset, such as 2026-11-30T12:00:00Z' },
    ]);
  return { version: decodeVersionToken(stream, token, 'at') };
}

/** A point as it can be sent back. */
export function encodePoint(stream: string, at: Point): string {
  return 'version' in at ? encodeVersionToken(stream, at.version) : new Date(at.time).toISOString();
}
