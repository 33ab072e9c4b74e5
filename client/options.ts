import type { Session } from './session.ts';

/** AWS credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For temporary credentials. */
  readonly sessionToken?: string;
}

/** The part of `fetch` that the client uses. */
export type Fetch = (
  url: string,
  request: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: string;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

/** The time and randomness that the client uses: a test passes its own, so that a seed reproduces a run. */
export interface ClientRuntime {
  /** Milliseconds since 1970. */
  now(): number;
  /** At least 0, less than 1. */
  random(): number;
  /** A new, unused id. */
  newId(): string;
  /** Resolves after this many milliseconds, or as soon as the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** How temporary failures are retried. */
export interface RetryPolicy {
  /** Requests per call, in all Regions together. @default 6 */
  readonly tries?: number;
  /** Milliseconds: the maximum of the first pause before a Region is asked again, doubled for each further pause. @default 200 */
  readonly firstPauseMs?: number;
  /** Milliseconds: the longest pause. @default 5,000 */
  readonly maxPauseMs?: number;
  /** Milliseconds after which a request without a response counts as lost. @default 65,000, longer than the API ever works */
  readonly requestMs?: number;
}

/** Where a Region's API is: the base address, such as a Function URL. */
export type Endpoint = string | URL;

/** How a client reaches the Regions of a deployment. */
export interface ClientOptions {
  /**
   * The address of each Region's API, by Region. A function is called once per Region, when its address is first needed; it has
   * to support `region` and all of `regions`, which it cannot do without: without `regions` there is no other Region to ask.
   */
  readonly endpoints: Readonly<Record<string, Endpoint>> | ((region: string) => Endpoint | Promise<Endpoint>);
  /** The Region that is asked first: the nearest. */
  readonly region: string;
  /** The Regions that may be asked instead, in this order. @default those of `endpoints`, in their order; none if that is a function */
  readonly regions?: readonly string[];
  /**
   * The credentials that requests are signed with. A function is called for each request, so it should cache. @default requests
   * are not signed, as for a local world
   */
  readonly credentials?: Credentials | (() => Promise<Credentials>);
  /** What has been seen by this client and others that share it. @default a new one */
  readonly session?: Session;
  /** @default six tries, pauses of 200 ms to 5 s */
  readonly retry?: RetryPolicy;
  /**
   * Until when each Region that did not respond is asked last, in milliseconds since 1970. Clients that share it, such as one per
   * request, learn from each other. @default a new one
   */
  readonly avoided?: Map<string, number>;
  /** @default the `fetch` of the platform */
  readonly fetch?: Fetch;
  /** @default the clock, `Math.random` and `crypto.randomUUID` of the platform */
  readonly runtime?: ClientRuntime;
}

/** The options of every call. */
export interface CallOptions {
  /** Aborts the call. A request that was already sent may still be carried out. */
  readonly signal?: AbortSignal | undefined;
}
