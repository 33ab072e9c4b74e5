import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { type IngestPorts, ingestMessages } from '../../core/index.ts';
import { failedOf } from '../batch.ts';
import { instrument, type Telemetry } from '../instrument.ts';

/** bus → ingest queue → append. */
export function makeHandler(ports: IngestPorts & { readonly telemetry: Telemetry }) {
  return instrument(ports.telemetry, async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const answers = await ingestMessages(
      ports,
      Records.map(({ body }) => body),
    );
    return failedOf(
      Records.map(({ messageId }, i) => ({ id: messageId, why: answers[i] })),
      ports.telemetry.log,
    );
  });
}
