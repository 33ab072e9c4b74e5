import * as z from 'zod';
import { commitIdSchema, dotShape, streamNameSchema } from './schemas.ts';

const intentMessageSchema = z.object({
  kind: z.literal('intent'),
  stream: streamNameSchema,
  ...dotShape,
  attemptId: commitIdSchema,
});

/** A message sent so that an intent is final by its deadline. */
export type IntentMessage = z.output<typeof intentMessageSchema>;

const attemptMessageSchema = z.object({
  kind: z.literal('attempt'),
  transaction: z.string(),
  /** The attempt that should have followed. */
  attempt: z.number(),
  fingerprint: z.string(),
});

/** A message sent so that an attempt is decided by its deadline. */
export type AttemptMessage = z.output<typeof attemptMessageSchema>;

/** A message to the resolver, delivered when a transaction should be finished. */
export type ResolverMessage = IntentMessage | AttemptMessage;

export const resolverMessageSchema = z.discriminatedUnion('kind', [intentMessageSchema, attemptMessageSchema]);

export function encodeResolverMessage(message: ResolverMessage): string {
  return JSON.stringify(message);
}

/** @throws Error if the body is not a message to the resolver */
export function parseResolverMessage(body: string): ResolverMessage {
  return resolverMessageSchema.parse(JSON.parse(body));
}
