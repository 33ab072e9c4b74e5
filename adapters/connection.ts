/** Where a client connects: an AWS Region's own endpoint by default; tests and emulators name another. */
export interface ConnectionOptions {
  /** @default the Region that the process runs in */
  readonly region?: string;
  /** @default AWS's endpoint */
  readonly endpoint?: string;
  /** @default the process's own role */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * How every client inside a Region talks: an answer that is lost is given up after 5 s, so that the retry still fits into
 * the Lambda's 30 s. Connections are kept alive (the SDK's default). Retries are `standard`, not `adaptive`: adaptive slows
 * the whole client down when one key of a table is hot, and the other keys' streams with it.
 */
export const connection = {
  maxAttempts: 3,
  retryMode: 'standard',
  // Without `throwOnRequestTimeout` the SDK only logs that the time is up, and waits on.
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};
