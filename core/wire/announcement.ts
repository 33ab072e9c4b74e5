import * as z from 'zod';
import { type Decision, TRANSACTION_TYPE } from '../facts/decision.ts';
import { problemSchema } from '../facts/errors.ts';
import { drivingRegionOf } from '../facts/transaction.ts';
import { type BusEntry, SOURCE_PREFIX } from './bus.ts';
import { encodeReason } from './reason.ts';
import { positionSchema, streamNameSchema } from './schemas.ts';
import { encodeVersionToken } from './version-token.ts';

/** The source of announcements. */
export const ANNOUNCEMENT_SOURCE = SOURCE_PREFIX + TRANSACTION_TYPE;

const announcementMembers = {
  id: z.string().meta({ description: 'tx/<transaction>, the same on every delivery' }),
  transaction: z.string(),
};

const metaSchema = z.looseObject({
  region: z.string().meta({ description: 'The Region that drives the transaction' }),
  decidedAt: z.string(),
});

const committedParticipantSchema = z.looseObject({
  stream: streamNameSchema,
  log: z.string(),
  position: positionSchema,
  version: z.string(),
});

/** Announces a committed transaction and its commits. Receivers must ignore unknown members. */
export const committedSchema = z.looseObject({
  ...announcementMembers,
  participants: z.array(committedParticipantSchema),
  meta: metaSchema,
});

/** Announces an aborted transaction and the reason. */
export const abortedSchema = z.looseObject({
  ...announcementMembers,
  reason: problemSchema,
  participant: z.string().optional().meta({ description: 'The stream that caused the abort' }),
  meta: metaSchema,
});

const outcomeBodySchema = z.discriminatedUnion('detail-type', [
  z.object({ 'detail-type': z.literal('TransactionCommitted'), detail: committedSchema }),
  z.object({ 'detail-type': z.literal('TransactionAborted'), detail: abortedSchema }),
]);

/** The outcome of a transaction, as the bus delivers it to a subscriber: `detail`, and whether it was committed or aborted. */
export type AnnouncedOutcome =
  | ({ readonly type: 'TransactionCommitted' } & z.output<typeof committedSchema>)
  | ({ readonly type: 'TransactionAborted' } & z.output<typeof abortedSchema>);

const sourceSchema = z.object({ source: z.string() });

/** True if a queue's message is the outcome of a transaction. @param body parsed JSON */
export function isAnnouncement(body: unknown): boolean {
  return sourceSchema.safeParse(body).data?.source === ANNOUNCEMENT_SOURCE;
}

/** Reads an outcome as a subscriber's queue delivers it. @param body parsed JSON @throws Error if it is not an outcome */
export function parseOutcome(body: unknown): AnnouncedOutcome {
  const parsed = outcomeBodySchema.parse(body);
  return parsed['detail-type'] === 'TransactionCommitted'
    ? { ...parsed.detail, type: parsed['detail-type'] }
    : { ...parsed.detail, type: parsed['detail-type'] };
}

/** The outcome of a transaction, as it is announced. Its `id` is the same on every delivery. */
export function announcementOf({ transaction, participants, reason, decidedAt }: Decision): BusEntry {
  const head = { id: `${TRANSACTION_TYPE}/${transaction}`, transaction };
  // The Region that announces and forwards it; the decision may have been made in another Region.
  const meta = { region: drivingRegionOf(transaction), decidedAt: new Date(decidedAt).toISOString() };
  return reason
    ? entryOf('TransactionAborted', { ...head, ...encodeReason(reason), meta })
    : entryOf('TransactionCommitted', {
        ...head,
        participants: participants.map(({ stream, log, position, version }) => ({
          stream,
          log,
          position,
          version: encodeVersionToken(stream, version),
        })),
        meta,
      });
}

interface Announcements {
  readonly TransactionCommitted: z.output<typeof committedSchema>;
  readonly TransactionAborted: z.output<typeof abortedSchema>;
}

function entryOf<Type extends keyof Announcements>(detailType: Type, detail: Announcements[Type]): BusEntry {
  return { source: ANNOUNCEMENT_SOURCE, detailType, detail: JSON.stringify(detail) };
}
