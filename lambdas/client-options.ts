import type { ClientOptions, Credentials } from '../client/options.ts';
import { FUNCTION_CLIENT_MS } from '../core/limits/budgets.ts';

/**
 * The options of a client that a function uses to call the API of its deployment. `retry` lets a call reach another
 * Region before the function times out. `avoided` is the same object on every call, so that a client may be created for
 * each event.
 */
export interface FunctionClientOptions
  extends Pick<ClientOptions, 'region' | 'fetch' | 'runtime'>,
    Required<Pick<ClientOptions, 'retry' | 'avoided'>> {
  /** The API's URL by Region; the function's own Region is first. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** The credentials of the function's role, which sign the requests; omitted with MERIDIAN_ENDPOINTS and in a world. */
  readonly credentials?: () => Promise<Credentials>;
}

/** The options that all clients of one instance of a function share. */
export function sharedOptions(): Pick<FunctionClientOptions, 'retry' | 'avoided'> {
  return { retry: { requestMs: FUNCTION_CLIENT_MS }, avoided: new Map() };
}

/** The environment variables of a function. */
export type FunctionEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The property of a world's environment that holds the options of a client. It is the same symbol in every copy of this
 * module.
 */
const CLIENT_OPTIONS = Symbol.for('meridian.client-options');

/** Adds the options of a client to an environment. {@link clientOptionsIn} finds them there, and in a copy of it. */
export function withClientOptions(
  environment: FunctionEnvironment,
  options: FunctionClientOptions,
): FunctionEnvironment {
  return { ...environment, [CLIENT_OPTIONS]: options };
}

/** The options that a world has put into a subscriber's environment; undefined in a deployment. */
export function clientOptionsIn(environment: FunctionEnvironment): FunctionClientOptions | undefined {
  return hasOptions(environment) ? environment[CLIENT_OPTIONS] : undefined;
}

function hasOptions(
  environment: FunctionEnvironment,
): environment is FunctionEnvironment & { readonly [CLIENT_OPTIONS]: FunctionClientOptions } {
  return CLIENT_OPTIONS in environment;
}
