import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { StateMachine } from '../../core/index.ts';
import { MESSAGING_MS } from '../../core/limits/budgets.ts';
import { timeLimit } from '../sdk/connection.ts';
import { orSdkError } from '../sdk/sdk-error.ts';

/**
 * An Express state machine, whose executions need no names. An execution may run twice: if a response is lost, it is
 * started again.
 * @throws MeridianError `unavailable` (retryable) if Step Functions does not respond
 */
export function stepFunctionsMachine(client: SFNClient, arn: string): StateMachine {
  return {
    start: async (input) => {
      await orSdkError(
        `start the transaction ${input.id}`,
        client.send(
          new StartExecutionCommand({ stateMachineArn: arn, input: JSON.stringify(input) }),
          timeLimit(MESSAGING_MS),
        ),
      );
    },
  };
}
