import { SDK_CONNECT_MS, SDK_REQUEST_MS, SDK_TRIES } from '../../core/limits/budgets.ts';

/** Where a client connects: an AWS Region's own endpoint by default; tests and emulators name another. */
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

/** The options of every request of one call, which together end in time. */
export function timeLimit(milliseconds: number): { readonly abortSignal: AbortSignal } {
  return {
    // It takes whole numbers only; what callers have left of their time is a fraction.
    abortSignal: AbortSignal.timeout(Math.max(0, Math.ceil(milliseconds))),
  };
}

/**
 * How every client inside a Region talks: an answer that is lost is given up early enough that retries still fit into the
 * time of the call. Connections are kept alive (the SDK's default). Retries are `standard`, not `adaptive`: adaptive slows
 * the whole client down when one key of a table is hot, and the other keys' streams with it.
 */
export const connection = {
  maxAttempts: SDK_TRIES,
  retryMode: 'standard',
  // Without `throwOnRequestTimeout` the SDK only logs that the time is up, and waits on.
  requestHandler: { connectionTimeout: SDK_CONNECT_MS, requestTimeout: SDK_REQUEST_MS, throwOnRequestTimeout: true },
};
