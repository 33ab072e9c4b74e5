import * as z from 'zod';
import type { Problem } from './errors.ts';

/** What a Region's `operate` function answers: an action's result, or why there is none. */
export type OperateAnswer = { readonly result: unknown } | { readonly problem: Problem };

/** Of an answer that came as JSON. */
export const operateAnswer: z.ZodType<OperateAnswer> = z.union([
  z.object({
    problem: z.custom<Problem>((problem) => typeof problem === 'object' && problem !== null && 'code' in problem),
  }),
  z.object({ result: z.unknown() }),
]);
