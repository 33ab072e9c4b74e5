import * as z from 'zod';
import type { Commit } from '../log/commit.ts';
import type { Dot } from '../log/version.ts';
import { streamName } from '../request/envelope.ts';

/** A reason to look at a stream: the dot of a commit, and the commit itself if the messages held all of it. */
export interface Trigger extends Dot {
  readonly stream: string;
  /** Whether the table's own stream brought it: then the table holds the commit. */
  readonly inTable: boolean;
  readonly commit?: Commit;
}

const dot = { log: z.string(), position: z.number() };
const keysBody = z.object({ keys: z.array(z.object({ stream: streamName, ...dot })) });
/** What a rule's target gets of an event on the bus. */
export const eventBody = z.object({
  'detail-type': z.string(),
  detail: z.object({
    stream: streamName,
    data: z.unknown().optional(),
    version: z.number(),
    meta: z.object({
      ...dot,
      region: z.string(),
      previous: z.number(),
      index: z.number(),
      count: z.number(),
      context: z.record(z.string(), z.number()),
      hlc: z.string(),
      commitId: z.string(),
      request: z.string(),
      correlation: z.string().optional(),
      causation: z.string().optional(),
      actor: z.string().optional(),
      traceparent: z.string().optional(),
    }),
  }),
});

type EventBody = z.output<typeof eventBody>;

/** The body of a message that names commits. */
export function encodeKeys(commits: readonly Commit[]): string {
  return JSON.stringify({ keys: commits.map(({ stream, log, position }) => ({ stream, log, position })) });
}

/** A message of the projection queue: keys from the relay, or one event of another Region from the bus. */
export type ProjectionMessage = z.output<typeof keysBody> | { readonly event: EventBody };

/** @throws Error when the body is neither */
export function parseProjectionMessage(body: string): ProjectionMessage {
  const json: unknown = JSON.parse(body);
  return json !== null && typeof json === 'object' && 'keys' in json
    ? keysBody.parse(json)
    : { event: eventBody.parse(json) };
}

/** The streams that a message is about. */
export function streamsOf(message: ProjectionMessage): readonly string[] {
  return 'keys' in message ? message.keys.map(({ stream }) => stream) : [message.event.detail.stream];
}

/** What a batch of messages says: a commit from the bus comes as a payload only when every event of it is in the batch. */
export function triggersOf(messages: readonly ProjectionMessage[]): readonly Trigger[] {
  const keys = messages.flatMap((message) => ('keys' in message ? message.keys : []));
  const events = messages.flatMap((message) => ('keys' in message ? [] : message.event));
  return [...keys.map((key) => ({ ...key, inTable: true })), ...Map.groupBy(events, commitOf).values().map(assemble)];
}

function commitOf({ detail: { stream, meta } }: EventBody): string {
  return `${stream}@${meta.log}.${meta.position}`;
}

function assemble(events: readonly EventBody[]): Trigger {
  const parts = new Map(events.map((event) => [event.detail.meta.index, event]));
  const [
    {
      detail: { stream, meta: all },
    },
  ] = events as readonly [EventBody];
  const { log, position, commitId, request, previous, context, hlc, region, index: _index, count, ...meta } = all;
  const trigger = { stream, log, position, inTable: false };
  if (parts.size < count) return trigger;
  const ordered = [...parts]
    .sort(([a], [b]) => a - b)
    .map(
      ([
        ,
        {
          'detail-type': type,
          detail: { version, data },
        },
      ]) => ({ type, version, data }),
    );
  return {
    ...trigger,
    commit: { stream, log, position, commitId, request, events: ordered, context, previous, hlc, region, meta },
  };
}
