import * as z from 'zod';
import type { Commit } from '../facts/commit.ts';
import { type EventBody, eventBodySchema } from './bus-event.ts';
import { dotShape, streamNameSchema } from './schemas.ts';

export const keysBodySchema = z.object({ keys: z.array(z.object({ stream: streamNameSchema, ...dotShape })) });

/** Encodes a message with the keys of commits. */
export function encodeKeys(commits: readonly Commit[]): string {
  return JSON.stringify({ keys: commits.map(({ stream, log, position }) => ({ stream, log, position })) });
}

/** A message of the projection queue: keys from the relay, or one event of another Region from the bus. */
export type ProjectionMessage = z.output<typeof keysBodySchema> | { readonly event: EventBody };

/** @throws Error if the body has neither form of a message */
export function parseProjectionMessage(body: string): ProjectionMessage {
  const json: unknown = JSON.parse(body);
  return json !== null && typeof json === 'object' && 'keys' in json
    ? keysBodySchema.parse(json)
    : { event: eventBodySchema.parse(json) };
}

/** The streams named by a message. */
export function streamsOf(message: ProjectionMessage): readonly string[] {
  return 'keys' in message ? message.keys.map(({ stream }) => stream) : [message.event.detail.stream];
}
