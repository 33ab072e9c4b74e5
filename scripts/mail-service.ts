import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/** A mail service that only records mails: on loopback, while this process runs. */
export interface MailService {
  /** `POST` accepts a mail, under its `Idempotency-Key`; `GET` returns all accepted mails, `[{ key, mail }]`. */
  readonly url: string;
  close(): void;
}

export async function startMailService(): Promise<MailService> {
  const taken: { readonly key: string; readonly mail: unknown }[] = [];
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const { 'idempotency-key': key } = request.headers;
      taken.push({ key: String(key), mail: JSON.parse(await text(request)) });
    }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(taken));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The mail service has no port.');
  return {
    url: `http://127.0.0.1:${address.port}/messages`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
