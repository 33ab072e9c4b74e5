// Transactions and what is asked of participants, as they travel as JSON.

import * as z from 'zod';
import type { Operation } from '../facts/operation.ts';
import type { Participant, Transaction } from '../facts/transaction.ts';
import { passedOnMetaSchema, sentEventSchema, streamNameSchema, versionVectorSchema } from './schemas.ts';

export const operationSchema: z.ZodType<Operation> = z.union([
  // Not strict, as what a caller sends is: a newer Region may pass on more.
  z.object({ kind: z.literal('events'), events: z.array(z.object(sentEventSchema.shape)) }),
  z.object({ kind: z.literal('command'), command: z.string(), input: z.unknown().optional() }),
]);

export const participantSchema: z.ZodType<Participant> = z.object({
  stream: streamNameSchema,
  operation: operationSchema.optional(),
  expected: versionVectorSchema.optional(),
});

/** A transaction's members, as those of a larger object. */
export const transactionShape = {
  id: z.string(),
  participants: z.array(participantSchema),
  fingerprint: z.string(),
  timeout: z.number(),
  meta: passedOnMetaSchema,
};

export const transactionSchema: z.ZodType<Transaction> = z.object(transactionShape);
