import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type ResolvePorts, resolveMessages } from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** resolver queue → finishes the intents and attempts that a coordinator has left unfinished. */
export function makeHandler(ports: ResolvePorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const answers = await resolveMessages(
      ports,
      Records.map(({ body }) => body),
    );
    return failedOf(
      Records.map(({ messageId }, i) => ({ id: messageId, why: answers[i] })),
      ports.telemetry.log,
    );
  });
}
