import * as z from 'zod';
import { type Commit, eventId } from '../facts/commit.ts';
import { splitStream } from '../facts/stream-ref.ts';
import { type BusEntry, SOURCE_PREFIX } from './bus.ts';
import { dotShape, streamNameSchema, versionVectorSchema } from './schemas.ts';

/** A commit's events as they go out: one entry an event. */
export function entriesOf(commit: Commit): readonly BusEntry[] {
  const { stream, log, position, commitId, fingerprint, previous, context, hlc, region, meta, events } = commit;
  return events.map(({ type, schemaVersion, data }, index) => ({
    source: SOURCE_PREFIX + splitStream(stream).type,
    detailType: type,
    detail: JSON.stringify({
      id: eventId(commit, index),
      stream,
      data,
      schemaVersion,
      meta: {
        ...meta,
        region,
        log,
        position,
        previous,
        index,
        count: events.length,
        context,
        hlc,
        commitId,
        fingerprint,
      },
    }),
  }));
}

/** What a rule's target gets of an event on the bus. */
export const eventBodySchema = z.object({
  'detail-type': z.string(),
  detail: z.object({
    stream: streamNameSchema,
    data: z.unknown().optional(),
    schemaVersion: z.number(),
    meta: z.object({
      ...dotShape,
      region: z.string(),
      previous: z.number(),
      index: z.number(),
      count: z.number(),
      context: versionVectorSchema,
      hlc: z.string(),
      commitId: z.string(),
      fingerprint: z.string(),
      correlation: z.string().optional(),
      causation: z.string().optional(),
      actor: z.string().optional(),
      traceparent: z.string().optional(),
    }),
  }),
});

export type EventBody = z.output<typeof eventBodySchema>;

/** An event as the bus brings it to a subscriber: `detail`, and the event's type with it. */
export const subscribedEventSchema = eventBodySchema.shape.detail.extend({
  /** `<stream>@<log>.<position>.<index>`, the same on every delivery. */
  id: z.string(),
  type: z.string(),
});

export type SubscribedEvent = z.output<typeof subscribedEventSchema>;
