import * as z from 'zod';
import type { AbortReason, Decision } from '../facts/decision.ts';
import { problemSchema } from '../facts/errors.ts';
import { dotShape, versionVectorSchema } from './schemas.ts';

export const preparedIntentSchema = z.object({
  stream: z.string(),
  region: z.string().optional(),
  ...dotShape,
  version: versionVectorSchema,
});

export const reasonSchema: z.ZodType<AbortReason> = z.object({ stream: z.string().optional(), problem: problemSchema });

export const decisionSchema: z.ZodType<Decision> = z.object({
  transaction: z.string(),
  attempt: z.number(),
  state: z.enum(['committed', 'aborted']),
  final: z.boolean(),
  fingerprint: z.string(),
  participants: z.array(preparedIntentSchema),
  reason: reasonSchema.optional(),
  remaining: z.number(),
  began: z.number().optional(),
  timeout: z.number().optional(),
  decidedAt: z.number().refine((time) => !Number.isNaN(new Date(time).getTime()), 'is not a time'),
  region: z.string(),
});

/** A request to the Region that drives a transaction for its decision; with `abort` or `end`, to decide now. */
export const decisionRequestSchema = z.object({
  step: z.literal('decision'),
  attemptId: z.string(),
  /** Aborts the transaction, which has this fingerprint. */
  abort: z.object({ fingerprint: z.string() }).optional(),
  /**
   * Aborts the attempt: another one may follow. Older code ignores it and only reports the decision; as an `abort` it would
   * abort the transaction.
   */
  end: z
    .object({
      fingerprint: z.string(),
      reason: reasonSchema,
      /** Milliseconds in which another attempt may follow. */
      remaining: z.number(),
      began: z.number().optional(),
      timeout: z.number().optional(),
    })
    .optional(),
});

export const decisionAnswerSchema = z.object({ kind: z.literal('decision'), decision: decisionSchema.optional() });

export type DecisionAnswer = z.output<typeof decisionAnswerSchema>;
