// What a message of the quarantine says, as far as it can be read.

import * as z from 'zod';
import { parseJson } from '../facts/json.ts';
import type { HeldMessage } from '../ports/quarantine.ts';
import { idOf } from '../wire/envelope.ts';
import type { Quarantined } from '../wire/operate.ts';
import { parseQuarantined } from '../wire/quarantine.ts';
import { streamNameSchema } from '../wire/schemas.ts';

/** Why messages are here that came as they were: no one could say it then. */
const UNDECIDED = 'It could not be decided, however often it was tried, or it could not be delivered to ingest.';

const busEventSchema = z.object({ 'detail-type': z.string().optional().catch(undefined), detail: z.unknown() });

const namedSchema = z.object({ stream: streamNameSchema });

/** The message as an operator sees it: with the body as it came in, and what that names. */
export function quarantinedOf({ id, sentAt, receives, body: kept }: HeldMessage): Quarantined {
  const { reason, body } = parseQuarantined(kept) ?? { reason: UNDECIDED, body: kept };
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
