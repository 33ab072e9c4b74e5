import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
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
    const failed = await projectTriggers(
      ports,
      triggersOf(
        read.flatMap(({ message }) => message ?? []),
        ports.logs,
      ),
    );
    return failedOf(
      read.map(({ id, message, why }) => ({
        id,
        why:
          why ??
          (message &&
            streamsOf(message)
              .map((stream) => failed.get(stream))
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
