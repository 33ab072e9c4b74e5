import type { Session } from './session.ts';

/** AWS credentials. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Required for temporary credentials. */
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
  /** A random number: at least 0, less than 1. */
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
  /**
   * The maximum of the first pause before a Region is asked again, in milliseconds; doubled for each further pause.
   * @default 200
   */
  readonly firstPauseMs?: number;
  /** The longest pause in milliseconds. @default 5,000 */
  readonly maxPauseMs?: number;
  /**
   * Milliseconds after which a request without a response counts as lost.
   * @default 65,000, longer than the API's timeout
   */
  readonly requestMs?: number;
}

/** Where a Region's API is: the base address, such as a Function URL. */
export type Endpoint = string | URL;

/** How a client reaches the Regions of a deployment. */
export interface ClientOptions {
  /**
   * The address of each Region's API, by Region. A function is called once per Region, when the address of the Region
   * is first needed. It must know `region` and all of `regions`. With a function, other Regions are asked only if
   * `regions` lists them.
   */
  readonly endpoints: Readonly<Record<string, Endpoint>> | ((region: string) => Endpoint | Promise<Endpoint>);
  /** The Region that is asked first, usually the nearest one. */
  readonly region: string;
  /**
   * The Regions that may be asked instead, in this order.
   * @default those of `endpoints`, in their order; none if `endpoints` is a function
   */
  readonly regions?: readonly string[];
  /**
   * The credentials that requests are signed with. A function is called for each request, so it should cache. @default requests
   * are not signed, as for a local world
   */
  readonly credentials?: Credentials | (() => Promise<Credentials>);
  /** What this client, and others that share the session, have seen. @default a new session */
  readonly session?: Session;
  /** @default six tries, pauses of 200 ms to 5 s */
  readonly retry?: RetryPolicy;
  /**
   * For each Region that did not respond, or was `unavailable`: the time until which the Region is asked last, in milliseconds since 1970.
   * Clients that share this map, such as one client per request, learn from each other. @default a new map
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
