import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Fetch } from '../../client/options.ts';

/**
 * A `fetch` that sends every request to one address, with the original host in the `Host` header. It is for an emulator
 * of AWS, whose host names may not resolve. The platform's own `fetch` does not let callers set that header.
 */
export function connectTo({ protocol, hostname, port }: URL): Fetch {
  const client = protocol === 'https:' ? https : http;
  const agent = new client.Agent({ keepAlive: true });
  return async (address, { method, headers, body, signal }) => {
    const { host, pathname, search } = new URL(address);
    const request = client.request({
      agent,
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      method,
      path: `${pathname}${search}`,
      headers: { ...headers, host, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      signal,
    });
    request.end(body);
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    if (!response) throw new Error('there was no response');
    return { status: response.statusCode ?? 0, text: () => text(response) };
  };
}
