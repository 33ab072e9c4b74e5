import { type DrivePorts, type RemoteAnswer, submitHere } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** Requests passed on by other Regions: appends to streams whose home is here, and transactions driven from here. */
export function makeHandler(ports: DrivePorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async (asked: unknown): Promise<RemoteAnswer> => submitHere(ports, asked));
}
