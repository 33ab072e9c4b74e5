import * as z from 'zod';
import { type Problem, problemSchema } from './errors.ts';

/** What a Region's `operate` function answers: an action's result, or why there is none. */
export type OperateAnswer = { readonly result: unknown } | { readonly problem: Problem };

/** Of an answer that came as JSON. */
export const operateAnswer: z.ZodType<OperateAnswer> = z.union([
  z.object({ problem: problemSchema }),
  z.object({ result: z.unknown() }),
]);
