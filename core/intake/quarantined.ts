// Reads what it can of a quarantined message.

import * as z from 'zod';
import { parseJson } from '../facts/json.ts';
import type { HeldMessage } from '../ports/quarantine.ts';
import type { BusEntry } from '../wire/bus.ts';
import { idOf } from '../wire/envelope.ts';
import type { Quarantined } from '../wire/operate.ts';
import { parseQuarantined } from '../wire/quarantine.ts';
import { streamNameSchema } from '../wire/schemas.ts';

/** Reason of messages that arrived without one, from a dead-letter queue. */
const UNDECIDED = 'The message could not be processed after all retries, or could not be delivered to ingest.';

const busEventSchema = z.object({ 'detail-type': z.string().optional().catch(undefined), detail: z.unknown() });

const namedSchema = z.object({ stream: streamNameSchema });

/** The operator's view of a message: its original body, and the ids in it. */
export function quarantinedOf({ id, sentAt, receives, body: kept }: HeldMessage): Quarantined {
  const message = parseQuarantined(kept) ?? { reason: UNDECIDED, body: kept };
  const { reason } = message;
  const body = 'entry' in message ? eventOf(message.entry) : message.body;
  const event = busEventSchema.safeParse(parseJson(body)).data;
  const detailType = event?.['detail-type'];
  const stream = namedSchema.safeParse(event?.detail).data?.stream;
  const envelopeId = idOf(event?.detail);
  return {
    id,
    sentAt: new Date(sentAt).toISOString(),
    receives,
    reason,
    ...(detailType !== undefined && { detailType }),
    ...(stream !== undefined && { stream }),
    ...(envelopeId !== undefined && { envelopeId }),
    body,
  };
}

/** An entry as the bus would deliver it, as far as the sender determines that. */
function eventOf({ source, detailType, detail }: BusEntry): string {
  return `{"source":${JSON.stringify(source)},"detail-type":${JSON.stringify(detailType)},"detail":${detail}}`;
}

/** The entry of a message that the bus refused; undefined if the message is input of `ingest`. */
export function refusedEntryOf({ body }: HeldMessage): BusEntry | undefined {
  const message = parseQuarantined(body);
  return message && 'entry' in message ? message.entry : undefined;
}
