import { isUtf8 } from 'node:buffer';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { MeridianError } from '../../core/index.ts';
import { LAMBDA_PAYLOAD_BYTES } from '../../core/limits/aws.ts';
import { type Answer, jsonAnswer, jsonBody, problemAnswer } from '../../lambdas/api/http.ts';
import type { WorldRegion } from '../region/region.ts';
import type { World } from '../world.ts';

/** An HTTP request as a Function URL hands it to its function (payload format 2.0). */
export function functionUrlEvent({
  method,
  path,
  query = '',
  headers = {},
  body,
}: {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}): LambdaFunctionURLEvent {
  const now = Date.now();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { ...headers },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'world',
      domainName: 'localhost',
      domainPrefix: 'localhost',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: headers['user-agent'] ?? '' },
      requestId: 'world',
      routeKey: '$default',
      stage: '$default',
      time: new Date(now).toUTCString(),
      timeEpoch: now,
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
  };
}

/**
 * Serves every Region's API at `/regions/<region>/…`, on the loopback address only; `GET /` lists the Regions.
 * `POST /regions/<region>/operate` stands for an Invoke of its `operate` function, which has no URL on AWS.
 * @throws Error when the port is taken
 */
export function serveWorld(world: World, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    // What no function answered, a Function URL answers with 502; a client that went away hears nothing of it.
    const { statusCode, headers, body } = await answer(world, request).catch((error: unknown) => ({
      ...problemAnswer(error),
      statusCode: 502,
    }));
    response.writeHead(statusCode, headers).end(body);
  });
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken: choose another with --port.`) : error),
    );
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

async function answer(world: World, request: IncomingMessage): Promise<Answer> {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  if (path === '/' || path === '/regions')
    return jsonAnswer({ regions: [...world.regions.keys()].map((region) => `/regions/${region}/health`) });
  const [, name = '', rest = '/'] = /^\/regions\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  const region = world.regions.get(name);
  if (!region)
    return problemAnswer(
      new MeridianError(
        'not-found',
        `There is nothing at ${path}: begin with /regions/<region>/, one of ${[...world.regions.keys()].join(', ')}.`,
      ),
    );
  const body = await bodyOf(request);
  if (body === undefined)
    return problemAnswer(new MeridianError('too-large', `A request holds at most ${LAMBDA_PAYLOAD_BYTES} bytes.`));
  const headers = Object.fromEntries(Object.entries(request.headers).map(([key, value]) => [key, String(value)]));
  const event = functionUrlEvent({
    method: request.method ?? 'GET',
    path: rest,
    query,
    headers,
    body: body.toString(),
  });
  if (rest === '/operate' && request.method === 'POST') return operateOn(region, event);
  // What is no text a Function URL hands on as base64.
  const binary = isUtf8(body) ? {} : { body: body.toString('base64'), isBase64Encoded: true };
  const answered = await region.request({ ...event, ...binary });
  // A Region's API takes itself for all that there is at its address.
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

/** @returns undefined when the body is too large */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= LAMBDA_PAYLOAD_BYTES) chunks.push(chunk);
  }
  return bytes > LAMBDA_PAYLOAD_BYTES ? undefined : Buffer.concat(chunks);
}
