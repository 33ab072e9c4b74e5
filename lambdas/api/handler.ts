import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { instrument, type Telemetry } from '../instrument.ts';
import { type Answer, problemAnswer } from './http.ts';
import { type ApiPorts, routeRequest } from './routes.ts';

/** Function URL → appends and reads. Every error is returned as a problem document; server errors are also logged. */
export function makeHandler(ports: ApiPorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async (event: LambdaFunctionURLEvent): Promise<Answer> => {
    try {
      return await routeRequest(ports, event);
    } catch (error) {
      const answer = problemAnswer(error);
      if (answer.statusCode >= 500) ports.telemetry.log.error('Request failed', { path: event.rawPath, error });
      return answer;
    }
  });
}
