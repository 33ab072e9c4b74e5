import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handleEvents, type SubscribePorts } from '../core/index.ts';
import { failedOf } from './batch.ts';
import { instrument, type Telemetry } from './instrument.ts';

/** The partition of the sums in a subscriber's table, beside the places of the logs, whose names have an `@`. */
export const TALLY_PARTITION = 'tally';

export type SubscriptionPorts<Effect> = SubscribePorts<Effect> & { readonly telemetry: Telemetry };

/** bus → a subscriber's queue → its `handle`, each event once and in the order of its log. */
export function subscription<Effect>(ports: SubscriptionPorts<Effect>) {
  return instrument(ports.telemetry, async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const answers = await handleEvents(
      ports,
      Records.map(({ body }) => body),
    );
    return failedOf(
      Records.map(({ messageId }, i) => ({ id: messageId, why: answers[i] })),
      ports.telemetry.log,
    );
  });
}
