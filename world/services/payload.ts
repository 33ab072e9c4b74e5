import { MeridianError } from '../../core/index.ts';
import { LAMBDA_PAYLOAD_BYTES } from '../../core/limits/aws.ts';

/** A request as a synchronous Invoke carries it. @throws MeridianError `too-large`: more than Lambda takes */
export function requestPayload<T>(request: T): T {
  const text = JSON.stringify(request);
  const bytes = Buffer.byteLength(text);
  if (bytes > LAMBDA_PAYLOAD_BYTES)
    throw new MeridianError(
      'too-large',
      `RequestTooLargeException: a request has at most ${LAMBDA_PAYLOAD_BYTES} bytes, this one ${bytes}. Send less at once.`,
    );
  return JSON.parse(text);
}

/** An answer as a synchronous Invoke carries it. @throws Error when it is more than a function may answer: the invocation has failed */
export function answerPayload<T>(answer: T): T {
  // What answers nothing answers null.
  const text = JSON.stringify(answer) ?? 'null';
  const bytes = Buffer.byteLength(text);
  if (bytes > LAMBDA_PAYLOAD_BYTES)
    throw new Error(
      `Function.ResponseSizeTooLarge: an answer has at most ${LAMBDA_PAYLOAD_BYTES} bytes, this one ${bytes}.`,
    );
  return JSON.parse(text);
}
