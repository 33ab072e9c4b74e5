import { InvokeCommand, LambdaClient, TooManyRequestsException } from '@aws-sdk/client-lambda';
import { MeridianError, type Remote, ThrottledError } from '../../core/index.ts';
import { REMOTE_MS } from '../../core/limits/budgets.ts';
import { type ConnectionOptions, connection, timeLimit } from '../sdk/connection.ts';
import { sdkError } from '../sdk/sdk-error.ts';

export interface LambdaRemoteOptions extends Omit<ConnectionOptions, 'region'> {
  /** The function's name, the same in every Region. */
  readonly functionName: string;
  /** Time limit in milliseconds for the whole call, including retries. @default REMOTE_MS */
  readonly timeout?: number;
}

/**
 * A function of the other Regions, invoked synchronously. A call may run twice: if its response is lost, the call is
 * sent again.
 * @throws MeridianError `region-unreachable`: retryable, unless the call was rejected (no such function, no permission);
 * ThrottledError if Lambda throttles it
 */
export function lambdaRemote({ functionName, timeout = REMOTE_MS, ...options }: LambdaRemoteOptions): Remote {
  const clients = new Map<string, LambdaClient>();
  const clientOf = (region: string): LambdaClient => {
    const client = clients.get(region) ?? new LambdaClient({ ...connection, requestHandler, ...options, region });
    clients.set(region, client);
    return client;
  };

  return {
    invoke: async (region, request, milliseconds = timeout) => {
      const { FunctionError, Payload } = await clientOf(region)
        .send(
          new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(request) }),
          timeLimit(milliseconds),
        )
        .catch((error: unknown) => {
          if (error instanceof TooManyRequestsException)
            throw new ThrottledError(
              `${functionName} has no instance free in ${region}: ${error.message}. Retry.`,
              error,
            );
          throw sdkError(`reach ${region}`, error, 'region-unreachable');
        });
      const answer = Payload?.transformToString() ?? '';
      if (FunctionError !== undefined)
        throw new MeridianError('region-unreachable', `${functionName} failed in ${region}. Retry.`, {
          retryable: true,
          cause: new Error(answer),
        });
      return answer === '' ? undefined : JSON.parse(answer);
    },
  };
}

/** The callee may run for the whole time limit, so the timeout applies to the call rather than to each request. */
const requestHandler = { connectionTimeout: connection.requestHandler.connectionTimeout };
