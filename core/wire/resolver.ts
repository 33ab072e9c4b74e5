import * as z from 'zod';
import { commitIdSchema, dotShape, streamNameSchema } from './schemas.ts';

const intentMessageSchema = z.object({
  kind: z.literal('intent'),
  stream: streamNameSchema,
  ...dotShape,
  attemptId: commitIdSchema,
});

/** That an intent should be final by now. */
export type IntentMessage = z.output<typeof intentMessageSchema>;

const attemptMessageSchema = z.object({
  kind: z.literal('attempt'),
  transaction: z.string(),
  /** That should have followed. */
  attempt: z.number(),
  fingerprint: z.string(),
});

/** That an attempt should be decided by now. */
export type AttemptMessage = z.output<typeof attemptMessageSchema>;

/** A message to the resolver, which comes when a transaction should be over. */
export type ResolverMessage = IntentMessage | AttemptMessage;

export const resolverMessageSchema = z.discriminatedUnion('kind', [intentMessageSchema, attemptMessageSchema]);

export function encodeResolverMessage(message: ResolverMessage): string {
  return JSON.stringify(message);
}

/** @throws Error when the body is no message to the resolver */
export function parseResolverMessage(body: string): ResolverMessage {
  return resolverMessageSchema.parse(JSON.parse(body));
}
