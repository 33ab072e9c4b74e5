import { type CoordinatePorts, type CoordinatorAnswer, coordinateStep } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/**
 * The state machine → the next attempt of a transaction, or the decision on one. Throws errors that should be retried.
 */
export function makeHandler(ports: CoordinatePorts & { readonly telemetry: Telemetry }) {
  return instrument(
    ports.telemetry,
    async (asked: unknown): Promise<CoordinatorAnswer> => coordinateStep(ports, asked),
  );
}
