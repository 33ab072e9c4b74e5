import { MeridianError } from '../../core/index.ts';
import { LAMBDA_PAYLOAD_BYTES } from '../../core/limits/aws.ts';

/** A request, encoded as by a synchronous Invoke. @throws MeridianError `too-large`: above Lambda's limit */
export function requestPayload<T>(request: T): T {
  const text = JSON.stringify(request);
  const bytes = Buffer.byteLength(text);
  if (bytes > LAMBDA_PAYLOAD_BYTES)
    throw new MeridianError(
      'too-large',
      `RequestTooLargeException: a request has at most ${LAMBDA_PAYLOAD_BYTES} bytes; this one has ${bytes}. Send less at once.`,
    );
  return JSON.parse(text);
}

/**
 * A response, encoded as by a synchronous Invoke. @throws Error if it is above Lambda's limit: the invocation has
 * failed
 */
export function answerPayload<T>(answer: T): T {
  // A function without a result returns null.
  const text = JSON.stringify(answer) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes > LAMBDA_PAYLOAD_BYTES)
    throw new Error(
      `Function.ResponseSizeTooLarge: a response has at most ${LAMBDA_PAYLOAD_BYTES} bytes; this one has ${bytes}.`,
    );
  return JSON.parse(text);
}
