import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { ClientOptions } from './options.ts';

/** A request to be signed. Its headers must not change afterwards. */
export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/** @returns the headers of the request with its signature, which is valid for 5 minutes */
export type Sign = (request: Unsigned) => Promise<Record<string, string>>;

/**
 * Signs requests to a Function URL with AWS Signature Version 4.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
export function signerFor(region: string, credentials: NonNullable<ClientOptions['credentials']>): Sign {
  const signer = new SignatureV4({ service: 'lambda', region, credentials, sha256: Sha256 });
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
