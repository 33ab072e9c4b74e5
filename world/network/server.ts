import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { MeridianError } from '../../core/index.ts';
import { LAMBDA_PAYLOAD_BYTES } from '../../core/limits/aws.ts';
import { type Answer, jsonAnswer, jsonBody, problemAnswer } from '../../lambdas/api/http.ts';
import type { WorldRegion } from '../region/region.ts';
import type { World } from '../world.ts';
import { functionUrlEvent } from './function-url-event.ts';

/**
 * Serves every Region's API at `/regions/<region>/…`, on the loopback address only; `GET /` lists the Regions. `POST
 * /regions/<region>/operate` stands in for an Invoke of the `operate` function, which has no URL on AWS. A request of a
 * page of another site, or one for another host, is refused: it comes from a browser that such a page makes send it.
 * @throws Error if the port is in use
 */
export function serveWorld(world: World, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    // If the function fails, a Function URL returns 502. If the client has disconnected, nothing is sent.
    const { statusCode, headers, body } = await answer(world, request).catch((error: unknown) => ({
      ...problemAnswer(error),
      statusCode: 502,
    }));
    response.writeHead(statusCode, headers).end(body);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`Port ${port} is in use. Choose another with --port.`) : error),
    );
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** True if a header names an address of this computer; the port may be any, because it may be forwarded. */
function isLocal(url: string): boolean {
  return URL.canParse(url) && LOOPBACK.has(new URL(url).hostname);
}

function refusalOf({ headers: { host, origin } }: IncomingMessage): Answer | undefined {
  const wrong =
    host === undefined || !isLocal(`http://${host}`)
      ? `the host ${host ?? ''}`.trim()
      : origin !== undefined && !isLocal(origin)
        ? `the origin ${origin}`
        : undefined;
  return wrong === undefined
    ? undefined
    : problemAnswer(
        new MeridianError(
          'misdirected',
          `Requests for ${wrong} are refused. Use http://127.0.0.1 or http://localhost.`,
        ),
      );
}

async function answer(world: World, request: IncomingMessage): Promise<Answer> {
  const refusal = refusalOf(request);
  if (refusal) return refusal;
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  if (path === '/' || path === '/regions')
    return jsonAnswer({ regions: [...world.regions.keys()].map((region) => `/regions/${region}/health`) });
  const [, name = '', rest = '/'] = /^\/regions\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  const region = world.regions.get(name);
  if (!region)
    return problemAnswer(
      new MeridianError(
        'not-found',
        `No route matches ${path}. Paths start with /regions/<region>/; Regions: ${[...world.regions.keys()].join(', ')}.`,
      ),
    );
  const body = await bodyOf(request);
  if (body === undefined)
    return problemAnswer(new MeridianError('too-large', `A request holds at most ${LAMBDA_PAYLOAD_BYTES} bytes.`));
  const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
  // A Function URL passes a body that is not text as base64.
  const binary = isUtf8(body) ? {} : { body: body.toString('base64'), isBase64Encoded: true };
  const event = {
    ...functionUrlEvent({ method: request.method ?? 'GET', path: rest, query, headers, body: body.toString() }),
    ...binary,
  };
  if (rest === '/operate' && request.method === 'POST') return operateOn(region, event);
  const answered = await region.request(event);
  // Removes the prefix of the path, because a Region's API assumes that it is at the root of its address.
  const { location, ...others } = answered.headers;
  return location === undefined
    ? answered
    : { ...answered, headers: { ...others, location: `/regions/${name}${location}` } };
}

async function operateOn(region: WorldRegion, event: LambdaFunctionURLEvent): Promise<Answer> {
  let asked: unknown;
  try {
    asked = jsonBody(event);
  } catch (error) {
    return problemAnswer(error);
  }
  return jsonAnswer(await region.invokeOperate(asked));
}

/** @returns undefined if the body is too large */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= LAMBDA_PAYLOAD_BYTES) chunks.push(chunk);
  }
  return bytes > LAMBDA_PAYLOAD_BYTES ? undefined : Buffer.concat(chunks);
}
