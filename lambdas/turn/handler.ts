import { type TurnAnswer, type TurnPorts, turnStep } from '../../core/index.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/**
 * The state machine, or another Region's `turn` → waits until a transaction may take a stream. Throws errors after which the next
 * attempt is made.
 */
export function makeHandler(ports: TurnPorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async (asked: unknown): Promise<TurnAnswer> => turnStep(ports, asked));
}
