import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { type LiveCheck, MeridianError } from '../../core/index.ts';
import { type Answer, jsonAnswer, problemAnswer } from '../api/http.ts';
import { instrument, type Telemetry } from '../instrument.ts';

interface Ports {
  readonly check: Pick<LiveCheck, 'read'>;
  readonly telemetry: Telemetry;
}

const PATH = '/health/live';

/**
 * `GET /health/live` of anyone, without a signature → whether this Region can serve. Nothing of a request is used but its method and
 * its path, and none of it is returned.
 */
export function makeHandler({ check, telemetry }: Ports) {
  // A result that is held is logged once.
  let logged: unknown;
  const answerOf = async (): Promise<Answer> => {
    try {
      return jsonAnswer(await check.read());
    } catch (error) {
      if (error !== logged) telemetry.log.error('The Region cannot serve', { error });
      logged = error;
      return problemAnswer(error);
    }
  };
  return instrument(telemetry, async ({ rawPath, requestContext }: LambdaFunctionURLEvent): Promise<Answer> => {
    const { method } = requestContext.http;
    if (rawPath !== PATH || (method !== 'GET' && method !== 'HEAD'))
      return problemAnswer(new MeridianError('not-found', `This address serves GET ${PATH}, and nothing else.`));
    const answer = await answerOf();
    return method === 'HEAD' ? { ...answer, body: '' } : answer;
  });
}
