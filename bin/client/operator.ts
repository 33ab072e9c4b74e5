import {
  type ActionInput,
  type ActionResult,
  encodeOperateRequest,
  type OperatorAction,
  operateAnswerSchema,
  operatorActions,
} from '../../core/index.ts';
import { ProblemError } from './problem.ts';
import { retried } from './retry.ts';
import type { Transport } from './transport.ts';
import { unexpectedResult } from './unexpected-answer.ts';

/** Has a Region do one of the operator's actions. @throws CliError, MeridianError, ProblemError */
export function operateOn<Name extends OperatorAction>(
  { name, operate }: Transport,
  action: Name,
  input: ActionInput<Name>,
): Promise<ActionResult<Name>> {
  return retried(async () => {
    const { data } = operateAnswerSchema.safeParse(await operate(encodeOperateRequest(action, input)));
    if (data && 'problem' in data) throw new ProblemError(data.problem);
    const result = operatorActions[action].result.safeParse(data?.result);
    if (!result.success) throw unexpectedResult(name, action);
    return result.data;
  });
}
