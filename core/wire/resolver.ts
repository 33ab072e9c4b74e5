import * as z from 'zod';
import { commitId, streamName } from './schemas.ts';

export const intentMessage = z.object({
  kind: z.literal('intent'),
  stream: streamName,
  log: z.string(),
  position: z.number(),
  attempt: commitId,
});

export const attemptMessage = z.object({
  kind: z.literal('attempt'),
  transaction: z.string(),
  /** That should have followed. */
  attempt: z.number(),
  request: z.string(),
});

export const message = z.union([intentMessage, attemptMessage]);

type Message = z.output<typeof message>;

/** A message to the resolver, which comes when a transaction should be over. */
export function resolverMessage(of: Message): string {
  return JSON.stringify(of);
}
