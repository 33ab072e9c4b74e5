import * as z from 'zod';
import type { FinalState } from '../facts/decision.ts';
import type { Transaction } from '../facts/transaction.ts';
import { type FinalIntent, preparedSchema } from './participant.ts';
import { transactionShape } from './transaction.ts';

/** The input of the state machine. */
export interface MachineInput extends Transaction {
  /** When the last attempt must end: milliseconds since 1970, by the driving Region's clock. */
  readonly deadline: number;
}

export const machineInputSchema: z.ZodType<MachineInput> = z.object({ ...transactionShape, deadline: z.number() });

/** A participant's response, or that it was unreachable. */
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
    timeout: z.number().optional(),
    answers: z.array(answerSchema).min(1),
  }),
]);

export type PlanRequest = Extract<z.output<typeof coordinatorRequestSchema>, { step: 'plan' }>;

export type DecideRequest = Extract<z.output<typeof coordinatorRequestSchema>, { step: 'decide' }>;

export type Plan =
  | { readonly kind: 'prepare'; readonly attempt: number }
  /** The transaction is decided: only its intents remain to be made final. */
  | { readonly kind: 'decided'; readonly intents: readonly FinalIntent[] };

/** The result of an attempt, and what to do next. */
export interface AttemptResult {
  readonly state: FinalState;
  /** True if this is the transaction's outcome; otherwise another attempt follows. */
  readonly final: boolean;
  readonly intents: readonly FinalIntent[];
  /** The streams to wait for before the next attempt. */
  readonly turns: readonly string[];
  /** The number of the next attempt. */
  readonly next: number;
  /** Whole seconds until the next attempt: read only by executions that older code started. */
  readonly wait: number;
}

export type CoordinatorAnswer = Plan | AttemptResult;
