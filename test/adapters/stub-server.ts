import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** A request from an SDK client. */
export interface StubRequest {
  /** The operation, for protocols that name it in a header: `PutEvents`. */
  readonly operation: string;
  readonly path: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

/** The response. `lost`: the connection is cut instead. `silence`: there is no response. */
export type StubAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string }
  | 'lost'
  | 'silence';

/**
 * A server on the loopback interface that replaces AWS for a client, until the test ends.
 * @returns its address, and the requests so far
 */
export async function stubServer(
  answer: (request: StubRequest, index: number) => StubAnswer | Promise<StubAnswer>,
): Promise<{ readonly endpoint: string; readonly requests: readonly StubRequest[] }> {
  const requests: StubRequest[] = [];
  const server = createServer(async (message, response) => {
    const { headers, url = '' } = message;
    const operation =
      String(headers['x-amz-target'] ?? '')
        .split('.')
        .at(-1) ?? '';
    const request = { operation, path: url, body: await text(message), headers };
    const reply = await answer(request, requests.push(request) - 1);
    if (reply === 'lost') message.socket.destroy();
    else if (reply !== 'silence')
      response
        .writeHead(reply.status ?? 200, { 'content-type': 'application/x-amz-json-1.0', ...reply.headers })
        .end(reply.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return { endpoint: `http://127.0.0.1:${address.port}`, requests };
}

/** An error in the form of the JSON protocols. */
export function refusal(name: string, message = name, status = 400): StubAnswer {
  return {
    status,
    headers: { 'x-amzn-errortype': name },
    body: JSON.stringify({ __type: `com.amazonaws#${name}`, message }),
  };
}

/** The responses in order; the last one is repeated. */
export function oneByOne(...answers: readonly [StubAnswer, ...StubAnswer[]]) {
  return (_request: StubRequest, index: number): StubAnswer => answers[index] ?? answers.at(-1) ?? 'silence';
}

export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
