// Transactions and requests to participants in their JSON form.

import * as z from 'zod';
import type { Operation } from '../facts/operation.ts';
import type { Participant, Transaction } from '../facts/transaction.ts';
import { passedOnMetaSchema, sentEventSchema, streamNameSchema, versionVectorSchema } from './schemas.ts';

export const operationSchema: z.ZodType<Operation> = z.union([
  // Not strict, unlike the input of callers: a newer Region may pass on more members.
  z.object({ kind: z.literal('events'), events: z.array(z.object(sentEventSchema.shape)) }),
  z.object({ kind: z.literal('command'), command: z.string(), input: z.unknown().optional() }),
]);

export const participantSchema: z.ZodType<Participant> = z.object({
  stream: streamNameSchema,
  operation: operationSchema.optional(),
  expected: versionVectorSchema.optional(),
});

/** The members of a transaction, for use in a larger object. */
export const transactionShape = {
  id: z.string(),
  participants: z.array(participantSchema),
  fingerprint: z.string(),
  timeout: z.number(),
  meta: passedOnMetaSchema,
};

export const transactionSchema: z.ZodType<Transaction> = z.object({
  ...transactionShape,
  faults: z.array(z.object({ path: z.string(), message: z.string() })).exactOptional(),
});
