import { type DrivePorts, type RemoteAnswer, submitHere } from '../../core/index.ts';
import { isFailure } from '../failure.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** Requests passed on by other Regions: appends to streams whose home is here, and transactions driven from here. */
export function makeHandler(ports: DrivePorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async (asked: unknown): Promise<RemoteAnswer> => {
    const answer = await submitHere(ports, asked);
    if ('problem' in answer && isFailure(answer.problem)) ports.runtime.metric('CommandFailed', 'Count', 1);
    return answer;
  });
}
