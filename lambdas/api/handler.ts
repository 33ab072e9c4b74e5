import type { LambdaFunctionURLEvent } from 'aws-lambda';
import * as z from 'zod';
import { invalid } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';
import { type Answer, problemAnswer } from './http.ts';
import { type ApiPorts, routeRequest, withWarning } from './routes.ts';

/** Function URL → appends and reads. Every error is returned as a problem document; server errors are also logged. */
export function makeHandler(ports: Ports) {
  return instrument(ports.telemetry, async (event: LambdaFunctionURLEvent): Promise<Answer> => {
    if (!isRequest(event)) return problemAnswer(invalid([{ path: '', message: NOT_A_REQUEST }]));
    return withWarning(event, await answerOf(ports, event));
  });
}

type Ports = ApiPorts & { readonly telemetry: Telemetry };

async function answerOf(ports: Ports, event: LambdaFunctionURLEvent): Promise<Answer> {
  try {
    return await routeRequest(ports, event);
  } catch (error) {
    const answer = problemAnswer(error);
    if (answer.statusCode >= 500) {
      ports.telemetry.log.error('Request failed', { path: event.rawPath, error });
      ports.runtime.metric('ApiFailed', 'Count', 1);
    }
    return answer;
  }
}

const NOT_A_REQUEST = 'This is not a request to a Function URL. Call the API by its URL, not by invoking its function.';

/** What the API reads of an event. A caller that may invoke the function directly can send any JSON. */
const requestSchema = z.object({
  rawPath: z.string(),
  rawQueryString: z.string(),
  headers: z.record(z.string(), z.string()),
  requestContext: z.object({ http: z.object({ method: z.string() }) }),
  body: z.string().optional(),
  isBase64Encoded: z.boolean(),
});

function isRequest(event: unknown): boolean {
  return requestSchema.safeParse(event).success;
}
