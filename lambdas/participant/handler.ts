import { type ParticipantAnswer, type ParticipatePorts, participateStep } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/**
 * The state machine, or another Region's `participant` → one step for one stream of a transaction. Throws errors that
 * should be retried.
 */
export function makeHandler(ports: ParticipatePorts & { readonly telemetry: Telemetry }) {
  return instrument(
    ports.telemetry,
    async (asked: unknown): Promise<ParticipantAnswer> => participateStep(ports, asked),
  );
}
