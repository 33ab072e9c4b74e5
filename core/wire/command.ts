import * as z from 'zod';
import type { Append, Appended } from '../facts/append.ts';
import type { Outcome } from '../facts/decision.ts';
import { type Problem, problemSchema } from '../facts/errors.ts';
import type { PinAt } from '../facts/pin.ts';
import type { Placement } from '../facts/placement.ts';
import { preparedIntentSchema, reasonSchema } from './decision.ts';
import { placedShape } from './placement.ts';
import { commitIdSchema, dotShape, passedOnMetaSchema, streamNameSchema, versionVectorSchema } from './schemas.ts';
import { operationSchema, transactionSchema } from './transaction.ts';

/** The response of a Region's `command` function to another Region. */
export type RemoteAnswer = AppendAnswer | { readonly outcome: Outcome };

export const appendRequestSchema: z.ZodType<PassedAppend> = z.object({
  stream: streamNameSchema,
  commitId: commitIdSchema,
  operation: operationSchema,
  expected: versionVectorSchema.optional(),
  basedOn: versionVectorSchema.optional(),
  meta: passedOnMetaSchema,
  ...placedShape,
});

/** An append that is passed on, with the entry and the pin by which it was routed. */
type PassedAppend = Append & { readonly placement?: Placement; readonly pin?: PinAt };

export const transactRequestSchema = z.object({ transact: transactionSchema, wait: z.number() });

export const outcomeRequestSchema = z.object({ outcomeOf: z.string() });

/** The response of a Region's `command` function to an append that was passed on. */
export type AppendAnswer = { readonly appended: Appended } | { readonly problem: Problem };

export const appendAnswerSchema: z.ZodType<AppendAnswer> = z.union([
  z.object({
    appended: z.object({
      stream: z.string(),
      commitId: z.string(),
      version: versionVectorSchema,
      dot: z.object(dotShape).optional(),
    }),
  }),
  z.object({ problem: problemSchema }),
]);

const outcomeSchema: z.ZodType<Outcome> = z.discriminatedUnion('state', [
  z.object({ id: z.string(), state: z.literal('unknown') }),
  z.object({ id: z.string(), state: z.literal('undecided') }),
  z.object({ id: z.string(), state: z.literal('committed'), participants: z.array(preparedIntentSchema) }),
  z.object({ id: z.string(), state: z.literal('aborted'), reason: reasonSchema }),
]);

/** The response of the Region that drives a transaction to another Region. */
export const outcomeAnswerSchema = z.union([
  z.object({ outcome: outcomeSchema }),
  z.object({ problem: problemSchema }),
]);
