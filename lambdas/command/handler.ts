import { type DrivePorts, type RemoteAnswer, submitHere } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** What another Region passes on: an append to a stream that is at home here, or a transaction that is driven from here. */
export function makeHandler(ports: DrivePorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async (asked: unknown): Promise<RemoteAnswer> => submitHere(ports, asked));
}
