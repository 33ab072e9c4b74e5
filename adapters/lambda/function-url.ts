import { GetFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { MeridianError } from '../../core/index.ts';
import { DATABASE_MS } from '../../core/limits/budgets.ts';
import { type CallOptions, type ConnectionOptions, connection, timeLimit } from '../sdk/connection.ts';
import { sdkError } from '../sdk/sdk-error.ts';

/**
 * The Function URL of a function.
 * @throws MeridianError `not-found`: the function does not exist, or has no URL; `unavailable`
 */
export async function findFunctionUrl(
  region: string,
  functionName: string,
  { callMs = DATABASE_MS, ...options }: Omit<ConnectionOptions, 'region'> & CallOptions = {},
): Promise<string> {
  const client = new LambdaClient({ ...connection, ...options, region });
  try {
    const { FunctionUrl } = await client.send(
      new GetFunctionUrlConfigCommand({ FunctionName: functionName }),
      timeLimit(callMs),
    );
    if (FunctionUrl) return FunctionUrl;
    throw noUrl(region, functionName);
  } catch (error) {
    if (error instanceof MeridianError) throw error;
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      throw noUrl(region, functionName, { cause: error });
    throw sdkError(`look up the URL of ${functionName} in ${region}`, error);
  } finally {
    client.destroy();
  }
}

function noUrl(region: string, functionName: string, options: ErrorOptions = {}): MeridianError {
  return new MeridianError('not-found', `${functionName} in ${region} does not exist or has no Function URL.`, options);
}

/**
 * Credentials from the usual sources of AWS tools: environment, profile, role. They are looked up once, and again
 * before they expire.
 */
export function defaultCredentials() {
  return defaultProvider();
}
