/** The options of a client in a function, with which it calls the API of its deployment. */
export interface FunctionClientOptions {
  /** The function's own Region, which is asked first. */
  readonly region: string;
  /** The API's URL by Region, the own Region's first. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** The credentials of the function's role, which sign the requests; omitted with MERIDIAN_ENDPOINTS and in a world. */
  readonly credentials?: () => Promise<{
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  }>;
  /** In a world: passes requests to its Regions. */
  readonly fetch?: (
    url: string,
    request: { readonly method: string; readonly headers: Record<string, string>; readonly body?: string },
  ) => Promise<{ readonly status: number; text(): Promise<string> }>;
  /** In a world: its time and randomness. */
  readonly runtime?: {
    now(): number;
    random(): number;
    newId(): string;
    sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  };
}

/** The environment variables of a function. */
export type FunctionEnvironment = Readonly<Record<string, string | undefined>>;

/** The property of a world's environment that holds the options of a client; the same symbol in every copy of this module. */
const CLIENT_OPTIONS = Symbol.for('meridian.client-options');

/** Lets {@link clientOptionsIn} find the options of a client in an environment, and in a copy of it. */
export function withClientOptions(
  environment: FunctionEnvironment,
  options: FunctionClientOptions,
): FunctionEnvironment {
  return { ...environment, [CLIENT_OPTIONS]: options };
}

/** The options that a world has put into a subscriber's environment; undefined where it is deployed. */
export function clientOptionsIn(environment: FunctionEnvironment): FunctionClientOptions | undefined {
  return hasOptions(environment) ? environment[CLIENT_OPTIONS] : undefined;
}

function hasOptions(
  environment: FunctionEnvironment,
): environment is FunctionEnvironment & { readonly [CLIENT_OPTIONS]: FunctionClientOptions } {
  return CLIENT_OPTIONS in environment;
}
