// Transactions and what is asked of participants, as they travel as JSON.
import * as z from 'zod';
import { problemSchema } from '../errors.ts';
import type { Request } from '../log/request.ts';
import { commitId, meta, sentEvent, streamName } from '../request/envelope.ts';
import { preparedIntentSchema, reasonSchema, versionSchema } from './decisions.ts';
import type { Prepared } from './prepare.ts';
import type { Outcome, Participant, Transaction } from './transaction.ts';

export const requestSchema: z.ZodType<Request> = z.union([
  z.object({ kind: z.literal('events'), events: z.array(sentEvent) }),
  z.object({ kind: z.literal('command'), command: z.string(), input: z.unknown().optional() }),
]);

export const participantSchema: z.ZodType<Participant> = z.object({
  stream: streamName,
  request: requestSchema.optional(),
  expected: versionSchema.optional(),
});

export const transactionSchema: z.ZodType<Transaction> = z.object({
  id: z.string(),
  participants: z.array(participantSchema),
  request: z.string(),
  timeout: z.number(),
  meta,
});

export const preparedSchema: z.ZodType<Prepared> = z.union([
  preparedIntentSchema.extend({ kind: z.literal('prepared') }),
  z.object({ kind: z.literal('busy'), stream: z.string() }),
  z.object({ kind: z.literal('refused'), stream: z.string(), problem: problemSchema }),
]);

/** An intent and what it becomes. */
export const finalIntentSchema = z.object({
  stream: streamName,
  log: z.string(),
  position: z.number(),
  commitId,
  state: z.enum(['committed', 'aborted']),
});
export type FinalIntent = z.output<typeof finalIntentSchema>;

const outcomeSchema: z.ZodType<Outcome> = z.union([
  z.object({ id: z.string(), state: z.enum(['unknown', 'undecided']) }) as z.ZodType<Outcome>,
  z.object({ id: z.string(), state: z.literal('committed'), participants: z.array(preparedIntentSchema) }),
  z.object({ id: z.string(), state: z.literal('aborted'), reason: reasonSchema }),
]);

/** What the Region that drives a transaction answers another one. */
export const outcomeAnswer = z.union([z.object({ outcome: outcomeSchema }), z.object({ problem: problemSchema })]);
