import { messageOf } from '../core/facts/errors.ts';
import { CLIENT_AVOID_MS, CLIENT_TRIES, HTTP_CLIENT_MS } from '../core/limits/budgets.ts';
import type { Call } from './call.ts';
import { ClientError, clientError, withContext } from './error.ts';
import type { CallOptions, ClientOptions, ClientRuntime } from './options.ts';
import { pauseMs } from './retry.ts';
import { platformRuntime } from './runtime.ts';
import { cancelledError, type SendOptions, send, type Target } from './send.ts';

/** A response, and the Region that returned it. */
export interface Answered<T> {
  readonly answer: T;
  readonly region: string;
}

export interface AskOptions extends CallOptions {
  /** The Region to ask first. @default the client's own */
  readonly first?: string | undefined;
  /** If true, no other Region may be asked. @default false */
  readonly only?: boolean;
}

/** The Regions of a deployment, which are asked one after the other until one responds. */
export class Regions {
  /** The Region that is asked first. */
  readonly region: string;
  readonly runtime: ClientRuntime;
  readonly #options: ClientOptions;
  readonly #send: SendOptions;
  readonly #names: readonly string[];
  readonly #targets = new Map<string, Promise<Target>>();
  /** The time until which a Region that did not respond, or was unavailable, is asked last. */
  readonly #avoided: Map<string, number>;

  /** @throws ClientError `no-endpoint`: `endpoints` lacks one of the Regions */
  constructor(options: ClientOptions) {
    const { endpoints, region, regions, runtime = platformRuntime, retry = {}, avoided = new Map() } = options;
    if (typeof endpoints !== 'function')
      for (const name of [region, ...(regions ?? [])])
        if (!Object.hasOwn(endpoints, name)) throw notAmong(endpoints, name);
    this.#options = options;
    this.#avoided = avoided;
    this.region = region;
    this.runtime = runtime;
    this.#send = { fetch: options.fetch ?? platformFetch, runtime, requestMs: retry.requestMs ?? HTTP_CLIENT_MS };
    this.#names = regions ?? (typeof endpoints === 'function' ? [] : Object.keys(endpoints));
  }

  /**
   * Sends a call until it succeeds or is refused: at most `tries` times, with pauses between two requests to one Region.
   * Temporary failures are retried, in the next Region if that may help. A write whose response was lost is retried once in the
   * same Region before the next Region is tried, always with the same id. @throws ClientError the last one; `maybeWritten` if the
   * response to any of the requests was lost
   */
  async ask<T>(call: Call<T>, { signal, first = this.region, only = false }: AskOptions = {}): Promise<Answered<T>> {
    const { tries = CLIENT_TRIES } = this.#options.retry ?? {};
    const route = new Route(only ? [first] : this.#order(first), call.request.method === 'POST');
    for (let sent = 1; ; sent++) {
      const { region } = route;
      const context = () => ({ id: call.id, maybeWritten: route.maybeWritten, tried: route.tried });
      if (signal?.aborted) throw withContext(cancelledError(region), context());
      try {
        const answer = await send(await this.#target(region), call, this.#send, signal);
        this.#avoided.delete(region);
        return { answer, region };
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (isSilent(error) || error.code === 'unavailable')
          this.#avoided.set(region, this.runtime.now() + CLIENT_AVOID_MS);
        const next = route.failed(error);
        if (next === undefined || sent >= tries) throw withContext(error, { ...context(), region });
        if (next === 'pause')
          await this.runtime.sleep(pauseMs(this.runtime, route.pauses - 1, this.#options.retry), signal);
      }
    }
  }

  /** The Regions to ask, in order: the given one first, and those that recently did not respond last. */
  #order(first: string): readonly string[] {
    const now = this.runtime.now();
    const all = [...new Set([first, this.region, ...this.#names])];
    const isAvoided = (region: string) => (this.#avoided.get(region) ?? 0) > now;
    return [...all.filter((region) => !isAvoided(region)), ...all.filter(isAvoided)];
  }

  /** Looks up a Region once; a failed lookup is retried on the next call. */
  #target(region: string): Promise<Target> {
    const known = this.#targets.get(region);
    if (known) return known;
    const found = this.#find(region);
    this.#targets.set(region, found);
    found.catch(() => this.#targets.delete(region));
    return found;
  }

  async #find(region: string): Promise<Target> {
    const { endpoints, credentials } = this.#options;
    const base = await endpointOf(endpoints, region);
    if (!credentials) return { region, base };
    // Loaded on demand: a local world needs no signing.
    const { signerFor } = await import('./sign.ts');
    return { region, base, sign: signerFor(region, credentials) };
  }
}

/** Looks up `globalThis.fetch` on each call: it may be replaced, and must be called as a method of its object. */
const platformFetch: SendOptions['fetch'] = (url, request) => globalThis.fetch(url, request);

/** @throws ClientError `no-endpoint`, or what the function throws, if it is a ClientError */
async function endpointOf(endpoints: ClientOptions['endpoints'], region: string): Promise<URL> {
  try {
    if (typeof endpoints === 'function') return new URL(await endpoints(region));
    // `endpoints` may lack the Region, because the caller or a transaction's id named it for this call only.
    const endpoint = Object.hasOwn(endpoints, region) ? endpoints[region] : undefined;
    if (endpoint === undefined) throw notAmong(endpoints, region);
    return new URL(endpoint);
  } catch (cause) {
    if (cause instanceof ClientError) throw cause;
    throw clientError('no-endpoint', `The address of ${region} is not known: ${messageOf(cause)}.`, { region, cause });
  }
}

function notAmong(endpoints: object, region: string): ClientError {
  const known = Object.keys(endpoints).join(', ') || 'no Region';
  const message = `The address of ${region} is not known: \`endpoints\` has ${known}. Add the Region there, or use one of these.`;
  return clientError('no-endpoint', message, { region });
}

/** True if nothing was sent, and asking the same Region again is pointless. */
function isAbsent({ code }: ClientError): boolean {
  return code === 'unreachable' || code === 'no-endpoint';
}

/** True if no response of the Region itself arrived. */
function isSilent(error: ClientError): boolean {
  return isAbsent(error) || error.code === 'broken';
}

/** True if a request that failed with this error may have been carried out. */
function mayHaveRun({ code, problem, details }: ClientError): boolean {
  // An unexpected response may mean that the request succeeded.
  if (code === 'cancelled' || code === 'unexpected-answer') return true;
  // A request with status 429 was throttled before it reached the function.
  if (code === 'broken') return details.status !== 429;
  return problem !== undefined && problem.status >= 500;
}

/** True if another Region may succeed. If the stream itself is contended, no Region would. */
function isOfRegion(error: ClientError): boolean {
  return isSilent(error) || error.code === 'not-caught-up' || (error.problem?.status ?? 0) >= 500;
}

/** The route of one call through the Regions. */
class Route {
  readonly #regions: readonly string[];
  readonly #writes: boolean;
  /** The number of failures of each Region. */
  readonly #failures = new Map<string, number>();
  readonly #absent = new Set<string>();
  #at = 0;
  pauses = 0;
  maybeWritten = false;

  constructor(regions: readonly string[], writes: boolean) {
    this.#regions = regions;
    this.#writes = writes;
  }

  /** The Region to ask now. */
  get region(): string {
    return this.#regions[this.#at] ?? '';
  }

  /** The Regions that have failed, in the order of their first failures. */
  get tried(): readonly string[] {
    return [...this.#failures.keys()];
  }

  /** What to do after a failure: continue with `region`, at once or after a pause; undefined: give up. */
  failed(error: ClientError): 'at once' | 'pause' | undefined {
    const { region } = this;
    const failures = (this.#failures.get(region) ?? 0) + 1;
    this.#failures.set(region, failures);
    const isLost = this.#writes && mayHaveRun(error);
    this.maybeWritten ||= isLost;
    if (isAbsent(error)) this.#absent.add(region);
    else if (!error.retryable) return undefined;
    // If the response to a write was lost, the same Region is the first to know whether it happened.
    const isStaying = !isOfRegion(error) || (isLost && failures === 1);
    if (!isStaying && !this.#move()) return undefined;
    if (!this.#failures.has(this.region)) return 'at once';
    this.pauses++;
    return 'pause';
  }

  /** Moves on to the next reachable Region, which may be the same. @returns false if there is none */
  #move(): boolean {
    for (let step = 1; step <= this.#regions.length; step++) {
      const next = (this.#at + step) % this.#regions.length;
      if (this.#absent.has(this.#regions[next] ?? '')) continue;
      this.#at = next;
      return true;
    }
    return false;
  }
}
