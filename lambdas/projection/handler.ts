import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  checkAhead,
  type ProjectionMessage,
  type ProjectPorts,
  parseProjectionMessage,
  projectTriggers,
  streamsOf,
  triggersOf,
} from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

interface ProjectionPorts extends ProjectPorts {
  readonly telemetry: Telemetry;
  /** The logs that the Regions of the deployment write. */
  readonly logs: readonly string[];
}

/** projection queue → views. */
export function makeHandler(ports: ProjectionPorts) {
  return instrument(ports.telemetry, async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const read = Records.map(parse);
    const messages = read.flatMap(({ message }) => message ?? []);
    const [projected, checked] = await Promise.all([
      projectTriggers(ports, triggersOf(messages, ports.logs)),
      checkAhead(
        ports,
        messages.flatMap((message) => ('ahead' in message ? [message.ahead] : [])),
      ),
    ]);
    for (const corrected of checked.corrected)
      ports.telemetry.log.warn('Corrected an entry: its table never received a commit that it had', { corrected });
    return failedOf(
      read.map(({ id, message, why }) => ({
        id,
        why:
          why ??
          (message &&
            streamsOf(message)
              .map((stream) => ('ahead' in message ? checked.failed : projected).get(stream))
              .find((error) => error !== undefined)),
      })),
      ports.telemetry.log,
    );
  });
}

function parse({ messageId: id, body }: SQSRecord): { id: string; message?: ProjectionMessage; why?: unknown } {
  try {
    return { id, message: parseProjectionMessage(body) };
  } catch (error) {
    return { id, why: error };
  }
}
