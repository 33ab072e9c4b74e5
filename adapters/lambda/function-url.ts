import { Sha256 } from '@aws-crypto/sha256-js';
import { GetFunctionUrlConfigCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { SignatureV4 } from '@smithy/signature-v4';
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
    const { FunctionUrl = '' } = await client.send(
      new GetFunctionUrlConfigCommand({ FunctionName: functionName }),
      timeLimit(callMs),
    );
    return FunctionUrl;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      throw new MeridianError('not-found', `${functionName} in ${region} does not exist or has no Function URL.`, {
        cause: error,
      });
    throw sdkError(`look up the URL of ${functionName} in ${region}`, error);
  } finally {
    client.destroy();
  }
}

/** A request to sign. Its headers must not be changed afterwards. */
export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** @returns the request's headers with the signature, which is valid for 5 minutes */
export type Sign = (request: Unsigned) => Promise<Readonly<Record<string, string>>>;

/**
 * Signs requests to a Function URL with AWS Signature Version 4.
 * @param credentials @default the standard AWS provider chain: environment, profile, role
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function signerFor(region: string, credentials?: ConnectionOptions['credentials']): Sign {
  const signer = new SignatureV4({
    service: 'lambda',
    region,
    credentials: credentials ?? defaultProvider(),
    sha256: Sha256,
  });
  return async ({ method, url, headers, body }) => {
    const signed = await signer.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...headers, host: url.host },
      ...(body !== undefined && { body }),
    });
    return signed.headers;
  };
}
