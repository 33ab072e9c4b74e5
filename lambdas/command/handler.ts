import { type AppendPorts, type RemoteAnswer, submitHere } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** An append from another Region for a stream that is at home here. */
export const makeHandler = (ports: AppendPorts & { readonly telemetry: Telemetry }) =>
  instrument(ports.telemetry, async (asked: unknown): Promise<RemoteAnswer> => submitHere(ports, asked));
