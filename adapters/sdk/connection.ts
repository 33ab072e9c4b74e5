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
 * Milliseconds that a whole call of an adapter takes at most, all its pages and the SDK's retries included. The functions
 * that take batches have 60 s: one slow call must leave time to answer for the rest of the batch.
 */
export const DATABASE_MS = 20_000;
export const MESSAGING_MS = 15_000;
/** The same for snapshots: an append or a read waits for one, and goes on without. */
export const SNAPSHOT_MS = 2_000;

/** The options of every request of one call, which together end in time. */
export function timeLimit(milliseconds: number): { readonly abortSignal: AbortSignal } {
  return {
    // It takes whole numbers only; what callers have left of their time is a fraction.
    abortSignal: AbortSignal.timeout(Math.max(0, Math.ceil(milliseconds))),
  };
}

/**
 * How every client inside a Region talks: an answer that is lost is given up after 5 s, so that retries still fit into the
 * time of the call. Connections are kept alive (the SDK's default). Retries are `standard`, not `adaptive`: adaptive slows
 * the whole client down when one key of a table is hot, and the other keys' streams with it.
 */
export const connection = {
  maxAttempts: 3,
  retryMode: 'standard',
  // Without `throwOnRequestTimeout` the SDK only logs that the time is up, and waits on.
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};
