import { MAX_WAIT_S } from '../../core/limits/budgets.ts';
import { functionUrlEvent } from '../network/function-url-event.ts';
import type { World } from '../world.ts';

/** A request of the HTTP API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Id of the request. @default a new one, or the one in the body */
  readonly id?: string | undefined;
  /** Seconds that the caller waits for an outcome. @default 50 */
  readonly wait?: number;
  /** Further headers, by their names in lower case. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** The query, without its question mark. @default none */
  readonly query?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly answer: unknown;
}

/** Sends a request to a Region of a world; the response arrives as the world's time advances. */
export async function callRegion(
  world: World,
  region: string,
  { method, path, body, id, wait = MAX_WAIT_S, headers = {}, query = '' }: ApiRequest,
): Promise<ApiAnswer> {
  const own = {
    ...(method === 'POST' && { prefer: `wait=${wait}` }),
    ...(id !== undefined && { 'idempotency-key': id }),
  };
  return sendRequest(world, region, { method, path, query, headers: { ...own, ...headers }, body });
}

/** Sends a request to a Region of a world as it is. */
export async function sendRequest(
  world: World,
  region: string,
  { body, ...request }: Pick<ApiRequest, 'method' | 'path' | 'query' | 'headers' | 'body'>,
): Promise<ApiAnswer> {
  const event = functionUrlEvent({ ...request, ...(body !== undefined && { body: JSON.stringify(body) }) });
  const { statusCode, body: text } = await world.region(region).request(event);
  const answer: unknown = JSON.parse(text);
  return { status: statusCode, answer };
}
