import * as z from 'zod';
import { commitIdSchema, streamNameSchema } from './schemas.ts';

export const intentMessageSchema = z.object({
  kind: z.literal('intent'),
  stream: streamNameSchema,
  log: z.string(),
  position: z.number(),
  attemptId: commitIdSchema,
});

export const attemptMessageSchema = z.object({
  kind: z.literal('attempt'),
  transaction: z.string(),
  /** That should have followed. */
  attempt: z.number(),
  fingerprint: z.string(),
});

export const messageSchema = z.union([intentMessageSchema, attemptMessageSchema]);

type Message = z.output<typeof messageSchema>;

/** A message to the resolver, which comes when a transaction should be over. */
export function resolverMessage(of: Message): string {
  return JSON.stringify(of);
}
