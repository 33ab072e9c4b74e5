import * as z from 'zod';
import { type Commit, eventId } from '../facts/commit.ts';
import { isObject } from '../facts/json.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { type BusEntry, SOURCE_PREFIX } from './bus.ts';
import { commitIdSchema, givenMetaSchema, metaSchema, positionSchema, streamNameSchema } from './schemas.ts';

/** A commit's events as published: one entry per event. */
export function entriesOf(commit: Commit): readonly BusEntry[] {
  const { stream, meta, events } = commit;
  const { log, position, commitId, fingerprint, digest, previous, context, hlc, wallTime, region, repair } = commit;
  return events.map(({ type, schemaVersion, data }, index) => ({
    source: SOURCE_PREFIX + parseStreamRef(stream).type,
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
        wallTime,
        commitId,
        fingerprint,
        digest,
        repair,
      },
    }),
  }));
}

/** The members that Meridian adds to an event's `meta`. */
const placeShape = {
  region: z.string().meta({ description: 'The Region that wrote the event' }),
  log: z.string(),
  position: positionSchema,
  previous: z.int().min(0).meta({ description: "The log's last position with events before this one; 0: none" }),
  index: z.int().min(0),
  count: z.int().min(1),
  context: z.record(z.string(), z.int().min(0)).meta({ description: 'What the writer had seen: position by log' }),
  hlc: z.string(),
  wallTime: z
    .number()
    .exactOptional()
    .meta({ description: "The writer's clock; only if the stamp `hlc` is ahead of it" }),
  commitId: commitIdSchema,
  fingerprint: z.string(),
  digest: z.string().exactOptional().meta({ description: 'Digest of the events of the commit' }),
  repair: z.literal(true).exactOptional().meta({ description: 'The commit is a repair of conflicts' }),
};

/** `detail` of an event on the bus: the part that others may rely on. They must ignore unknown members. */
export const publishedSchema = z.looseObject({
  id: z.string().meta({ description: '<stream>@<log>.<position>.<index>, the same on every delivery' }),
  stream: streamNameSchema,
  data: z.unknown(),
  /** The schema version that the event was written in. */
  schemaVersion: z.number(),
  meta: z.looseObject({ ...metaSchema.shape, ...placeShape }),
});

const { id: idSchema, ...bodyShape } = publishedSchema.shape;

/** `detail` of an event on the bus, as Meridian reads it: the data of a commit is not validated again. */
const detailSchema = z.object({
  ...bodyShape,
  data: z.unknown().optional(),
  meta: z.object({ ...placeShape, commitId: z.string(), ...givenMetaSchema.shape }),
});

/** An event on the bus, as received by a rule's target. */
export const eventBodySchema = z.object({ 'detail-type': z.string(), detail: detailSchema });

export type EventBody = z.output<typeof eventBodySchema>;

/** An event as a subscriber receives it: `detail`, plus the event's type. */
export const subscribedEventSchema = detailSchema.extend({
  /** `<stream>@<log>.<position>.<index>`, the same on every delivery. */
  id: idSchema,
  type: z.string(),
});

export type SubscribedEvent = z.output<typeof subscribedEventSchema>;

/** The detail is not copied here: it is read right after. */
const subscribedBodySchema = z.object({ 'detail-type': z.string(), detail: z.custom<object>(isObject) });

/** Reads an event as a subscriber's queue delivers it. @param body parsed JSON @throws Error if it is not an event of a commit */
export function parseSubscribedEvent(body: unknown): SubscribedEvent {
  const { 'detail-type': type, detail } = subscribedBodySchema.parse(body);
  return subscribedEventSchema.parse({ ...detail, type });
}
