import * as z from 'zod';
import type { FinalState } from '../facts/decision.ts';
import type { Transaction } from '../facts/transaction.ts';
import { type FinalIntent, preparedSchema } from './participant.ts';
import { transactionShape } from './transaction.ts';

/** What the state machine is started with. */
export interface MachineInput extends Transaction {
  /** When the last attempt has to end, milliseconds since 1970 by the driving Region's clock. */
  readonly deadline: number;
}

export const machineInputSchema: z.ZodType<MachineInput> = z.object({ ...transactionShape, deadline: z.number() });

/** The answer of a participant, or that none came. */
const answerSchema = z.union([preparedSchema, z.object({ kind: z.literal('unreachable'), stream: z.string() })]);

export type Answer = z.output<typeof answerSchema>;

export const coordinatorRequestSchema = z.union([
  z.object({ step: z.literal('plan'), transaction: z.string(), fingerprint: z.string(), deadline: z.number() }),
  z.object({
    step: z.literal('decide'),
    transaction: z.string(),
    attempt: z.number(),
    fingerprint: z.string(),
    deadline: z.number(),
    answers: z.array(answerSchema).min(1),
  }),
]);

export type PlanRequest = Extract<z.output<typeof coordinatorRequestSchema>, { step: 'plan' }>;

export type DecideRequest = Extract<z.output<typeof coordinatorRequestSchema>, { step: 'decide' }>;

export type Plan =
  | { readonly kind: 'prepare'; readonly attempt: number }
  /** There is an outcome: nothing is left but to make its intents final. */
  | { readonly kind: 'decided'; readonly intents: readonly FinalIntent[] };

/** What became of an attempt, and what has to be done for it. */
export interface AttemptResult {
  readonly state: FinalState;
  /** Whether it is the transaction's outcome; if not, another attempt follows. */
  readonly final: boolean;
  readonly intents: readonly FinalIntent[];
  /** Whole seconds until the next attempt. */
  readonly wait: number;
}

export type CoordinatorAnswer = Plan | AttemptResult;
