import type { LambdaFunctionURLEvent } from 'aws-lambda';

/** An HTTP request in the format that a Function URL passes to its function (payload format 2.0). */
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
      // No function reads the time of a request.
      time: 'Thu, 01 Jan 1970 00:00:00 GMT',
      timeEpoch: 0,
    },
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
  };
}
