import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import {
  checkAhead,
  type LookPorts,
  lookAtAll,
  MeridianError,
  type ProjectionMessage,
  type ProjectPorts,
  parseProjectionMessage,
  projectTriggers,
  streamsOf,
  triggersOf,
} from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

interface ProjectionPorts extends Omit<ProjectPorts, 'regions'>, Pick<LookPorts, 'regions'> {
  /** The ledger of conflicts. Optional: while a stack is updated, new code may run with the old variables. */
  readonly ledger: LookPorts['ledger'] | undefined;
  readonly telemetry: Telemetry;
  /** The logs that the Regions of the deployment write. */
  readonly logs: readonly string[];
}

/** projection queue → views, the ledger of conflicts, and their repairs. */
export function makeHandler(ports: ProjectionPorts) {
  return instrument(ports.telemetry, async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const read = Records.map(parse);
    const messages = read.flatMap(({ message }) => message ?? []);
    const [projected, checked, looked] = await Promise.all([
      projectTriggers(ports, triggersOf(messages, ports.logs)),
      checkAhead(
        ports,
        messages.flatMap((message) => ('ahead' in message ? [message.ahead] : [])),
      ),
      look(
        ports,
        messages.flatMap((message) => ('concurrent' in message ? message.concurrent : [])),
      ),
    ]);
    const failuresOf = (message: ProjectionMessage): ReadonlyMap<string, unknown> => {
      if ('concurrent' in message) return looked;
      return 'ahead' in message ? checked.failed : projected;
    };
    for (const corrected of checked.corrected)
      ports.telemetry.log.warn('Corrected an entry: its table never received a commit that it had', { corrected });
    return failedOf(
      read.map(({ id, message, why }) => ({
        id,
        why:
          why ??
          (message &&
            streamsOf(message)
              .map((stream) => failuresOf(message).get(stream))
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

async function look(
  { ledger, ...ports }: ProjectionPorts,
  streams: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  if (ledger) return lookAtAll({ ...ports, ledger }, streams);
  const missing = new MeridianError('unavailable', 'This instance does not know the ledger yet. Retry.', {
    retryable: true,
  });
  return new Map(streams.map((stream) => [stream, missing]));
}
