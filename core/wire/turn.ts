import * as z from 'zod';
import { placedShape } from './placement.ts';
import { streamNameSchema } from './schemas.ts';

const members = {
  step: z.literal('turn'),
  transaction: z.string(),
  attempt: z.number(),
  stream: streamNameSchema,
};

/** A request from the state machine to its own Region, or from a Region to the home of a stream. */
export const turnRequestSchema = z.union([
  /** `deadline` is by the driving Region's clock. If that clock jumps back, the remaining time is still at most `timeout`. */
  z.object({ ...members, deadline: z.number(), timeout: z.number() }),
  z.object({ ...members, ...placedShape, remaining: z.number(), began: z.number() }),
]);

export const turnAnswerSchema = z.object({ kind: z.literal('turn') });

export type TurnAnswer = z.output<typeof turnAnswerSchema>;
