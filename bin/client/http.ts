import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Sign } from '../../adapters/lambda/function-url.ts';
import { HTTP_CLIENT_MS } from '../../core/limits/budgets.ts';
import { CliError } from './cli-error.ts';

/** A request to a Region's API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** Percent-encoded, from the API's base: `/streams/account/us-east-1.ann`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpOptions {
  /** The API's base. */
  readonly base: URL;
  /** Another host to connect to, which knows the base by its `Host` header. @default the base's own */
  readonly connectTo?: URL | undefined;
  /** @default requests are not signed */
  readonly sign?: Sign | undefined;
}

/**
 * Sends requests to the API at a base address, over connections that are kept.
 * @throws CliError `unreachable` when nobody listens there, `broken` when the connection broke or was silent for 65 s
 */
export function httpSender({ base, connectTo = base, sign }: HttpOptions) {
  const client = connectTo.protocol === 'https:' ? https : http;
  const agent = new client.Agent({ keepAlive: true });

  return async ({ method, path, query = {}, headers = {}, body }: ApiRequest): Promise<ApiAnswer> => {
    const url = new URL(base.href.replace(/\/$/, '') + path);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
    // As signatures want it; `+` would be another character there.
    url.search = url.search.replaceAll('+', '%20');
    const given = {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...Object.fromEntries(
        Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
      ),
    };
    const sent = sign ? await sign({ method, url, headers: given, body }) : { ...given, host: url.host };
    try {
      const request = client.request({
        agent,
        hostname: connectTo.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: connectTo.port,
        method,
        path: `${url.pathname}${url.search}`,
        headers: { ...sent, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
        signal: AbortSignal.timeout(HTTP_CLIENT_MS),
      });
      request.end(body);
      const [response]: http.IncomingMessage[] = await once(request, 'response');
      if (!response) throw new Error('there was no answer');
      return { status: response.statusCode ?? 0, body: await text(response) };
    } catch (error) {
      throw connectionError(connectTo, error);
    }
  };
}

/** Nothing was sent there, and waiting does not help. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

function connectionError(to: URL, error: unknown): CliError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return UNREACHABLE.has(code)
    ? new CliError('unreachable', `Nothing listens at ${to.origin} (${code}).`, { cause: error })
    : new CliError(
        'broken',
        `The connection to ${to.origin} broke: ${error instanceof Error ? error.message : error}.`,
        {
          cause: error,
        },
      );
}
