import * as z from 'zod';
import type { PreparedIntent } from '../facts/decision.ts';
import { type Problem, problemSchema } from '../facts/errors.ts';
import { type DecisionAnswer, decisionRequestSchema, preparedIntentSchema } from './decision.ts';
import type { PinAnswer } from './pin.ts';
import { pinRequestSchema, placedShape, type SealAnswer, sealRequestSchema } from './placement.ts';
import { commitIdSchema, passedOnMetaSchema, streamNameSchema } from './schemas.ts';
import { participantSchema } from './transaction.ts';

export const preparedSchema: z.ZodType<Prepared> = z.union([
  preparedIntentSchema.extend({ kind: z.literal('prepared') }),
  z.object({ kind: z.literal('busy'), stream: z.string() }),
  z.object({ kind: z.literal('refused'), stream: z.string(), problem: problemSchema }),
]);

/** An intent with its final state. */
export const finalIntentSchema = z.object({
  stream: streamNameSchema,
  /** Where it was written. */
  region: z.string().optional(),
  log: z.string(),
  position: z.number(),
  commitId: commitIdSchema,
  state: z.enum(['committed', 'aborted']),
});

export type FinalIntent = z.output<typeof finalIntentSchema>;

const attemptMembers = {
  transaction: z.string(),
  attempt: z.number(),
  fingerprint: z.string(),
  meta: passedOnMetaSchema,
  participant: participantSchema,
};

/** A request from the state machine to its own Region, or from a Region to the home of a stream. */
export const participantRequestSchema = z.union([
  /**
   * `deadline` is by the driving Region's clock. If that clock jumps back, the remaining time is still at most `timeout`, which
   * executions started by older code do not send.
   */
  z.object({ step: z.literal('prepare'), ...attemptMembers, deadline: z.number(), timeout: z.number().optional() }),
  z.object({
    step: z.literal('prepare'),
    ...{ ...attemptMembers, ...placedShape },
    remaining: z.number(),
    began: z.number().optional(),
    timeout: z.number().optional(),
  }),
  z.object({ step: z.literal('finalise'), intent: finalIntentSchema }),
  decisionRequestSchema,
  sealRequestSchema,
  pinRequestSchema,
]);

export type PrepareRequest = Extract<z.output<typeof participantRequestSchema>, { readonly step: 'prepare' }>;

export type ParticipantAnswer = Prepared | { readonly kind: 'finalised' } | DecisionAnswer | SealAnswer | PinAnswer;

/** A participant's response to another Region, except decisions, seals and pins: see `decisionAnswerSchema`, `sealAnswerSchema`, `pinAnswerSchema`. */
export const participantAnswerSchema = z.union([preparedSchema, z.object({ kind: z.literal('finalised') })]);

/** The result of a prepare. Only `prepared` has written anything. */
export type Prepared =
  | ({ readonly kind: 'prepared' } & PreparedIntent)
  /** Another transaction holds the stream, other writers won every race for a position, or only newer code knows an event. */
  | { readonly kind: 'busy'; readonly stream: string }
  | { readonly kind: 'refused'; readonly stream: string; readonly problem: Problem };
