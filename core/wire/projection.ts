import * as z from 'zod';
import type { Commit } from '../facts/commit.ts';
import { isObject } from '../facts/json.ts';
import { type EventBody, eventBodySchema } from './bus-event.ts';
import { dotShape, streamNameSchema } from './schemas.ts';

export const keysBodySchema = z.object({ keys: z.array(z.object({ stream: streamNameSchema, ...dotShape })) });

/** Encodes a message with the keys of commits. */
export function encodeKeys(commits: readonly Pick<Commit, 'stream' | 'log' | 'position'>[]): string {
  return JSON.stringify({ keys: commits.map(({ stream, log, position }) => ({ stream, log, position })) });
}

export const concurrentBodySchema = z.object({ concurrent: z.array(streamNameSchema) });

/** Encodes a message with streams whose conflicts have to be listed again. */
export function encodeConcurrent(concurrent: readonly string[]): string {
  return JSON.stringify({ concurrent });
}

const aheadSchema = z.object({
  stream: streamNameSchema,
  /** The commits that an entry had, and the table lacked, with digests of their content. */
  commits: z.array(z.object({ ...dotShape, digest: z.string() })),
  /** How often the message has been delayed. */
  round: z.int().positive(),
});

/** A stream of which entries were written ahead of the table. */
export type AheadStream = z.output<typeof aheadSchema>;

export const aheadBodySchema = z.object({ ahead: z.array(aheadSchema) });

/** Encodes a message with streams to compare with the table after a while. */
export function encodeAhead(ahead: readonly AheadStream[]): string {
  return JSON.stringify({ ahead });
}

/**
 * A message of the projection queue: keys, and streams with conflicts, from the relay, one event of another Region from the bus, or from the
 * projection itself, streams to compare with the table.
 */
export type ProjectionMessage =
  | z.output<typeof keysBodySchema>
  | z.output<typeof aheadBodySchema>
  | z.output<typeof concurrentBodySchema>
  | { readonly event: EventBody };

/** @throws Error if the body has no form of a message */
export function parseProjectionMessage(body: string): ProjectionMessage {
  const json: unknown = JSON.parse(body);
  if (isObject(json)) {
    if ('keys' in json) return keysBodySchema.parse(json);
    if ('concurrent' in json) return concurrentBodySchema.parse(json);
    if ('ahead' in json) return aheadBodySchema.parse(json);
  }
  return { event: eventBodySchema.parse(json) };
}

/** The streams named by a message. */
export function streamsOf(message: ProjectionMessage): readonly string[] {
  if ('keys' in message) return message.keys.map(({ stream }) => stream);
  if ('concurrent' in message) return message.concurrent;
  if ('ahead' in message) return message.ahead.map(({ stream }) => stream);
  return [message.event.detail.stream];
}
