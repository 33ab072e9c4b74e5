import { SDK_CONNECT_MS, SDK_REQUEST_MS, SDK_TRIES } from '../../core/limits/budgets.ts';

/** Where a client connects: the Region's AWS endpoint by default; tests and emulators override it. */
export interface ConnectionOptions {
  /** @default the Region that the process runs in */
  readonly region?: string;
  /** @default AWS's endpoint */
  readonly endpoint?: string;
  /** @default the process's own role */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** How an adapter calls its service. */
export interface CallOptions {
  /** Milliseconds for a whole call, retries included. @default DATABASE_MS */
  readonly callMs?: number;
}

/** The options of all requests of one call, which share a time limit. */
export function timeLimit(milliseconds: number): { readonly abortSignal: AbortSignal } {
  return {
    // AbortSignal.timeout takes integers only; the remaining time may be a fraction.
    abortSignal: AbortSignal.timeout(Math.max(0, Math.ceil(milliseconds))),
  };
}

/**
 * The connection settings of every client in a Region. A request times out early enough for its retries to fit into the
 * time limit of the call. Connections are kept alive (the SDK's default). The retry mode is `standard`: with
 * `adaptive`, one hot key of a table would slow down the whole client, and with it all other streams.
 */
export const connection = {
  maxAttempts: SDK_TRIES,
  retryMode: 'standard',
  // Without `throwOnRequestTimeout` the SDK only logs the timeout and keeps waiting.
  requestHandler: { connectionTimeout: SDK_CONNECT_MS, requestTimeout: SDK_REQUEST_MS, throwOnRequestTimeout: true },
};
