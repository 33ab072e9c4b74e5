import * as z from 'zod';
import type { Commit } from './commit.ts';
import { streamName } from './envelope.ts';
import type { Dot } from './version.ts';

/** A reason to look at a stream: the dot of a commit, and the commit itself if the messages held all of it. */
export interface Trigger extends Dot {
  readonly stream: string;
  readonly commit?: Commit;
}

const dot = { log: z.string(), position: z.number() };
const keysBody = z.object({ keys: z.array(z.object({ stream: streamName, ...dot })) });
const eventBody = z.object({
  'detail-type': z.string(),
  detail: z.object({
    stream: streamName,
    data: z.unknown(),
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
export const encodeKeys = (commits: readonly Commit[]): string =>
  JSON.stringify({ keys: commits.map(({ stream, log, position }) => ({ stream, log, position })) });

/** A message of the projection queue: keys from the relay, or one event of another Region from the bus. */
export type ProjectionMessage = { readonly keys: readonly Trigger[] } | { readonly event: EventBody };

/** @throws Error when the body is neither */
export const parseProjectionMessage = (body: string): ProjectionMessage => {
  const json: unknown = JSON.parse(body);
  return json !== null && typeof json === 'object' && 'keys' in json
    ? keysBody.parse(json)
    : { event: eventBody.parse(json) };
};

/** The streams that a message is about. */
export const streamsOf = (message: ProjectionMessage): readonly string[] =>
  'keys' in message ? message.keys.map(({ stream }) => stream) : [message.event.detail.stream];

/** What a batch of messages says: each commit once, as a payload only when every event of it is in the batch. */
export const triggersOf = (messages: readonly ProjectionMessage[]): readonly Trigger[] => {
  const parts = new Map<string, Map<number, EventBody>>();
  const triggers = new Map<string, Trigger>();
  for (const message of messages) {
    for (const trigger of 'keys' in message ? message.keys : []) triggers.set(keyOf(trigger), trigger);
    if ('keys' in message) continue;
    const { stream, meta } = message.event.detail;
    const key = keyOf({ stream, ...meta });
    const events = parts.get(key) ?? new Map<number, EventBody>();
    parts.set(key, events.set(meta.index, message.event));
  }
  for (const [key, events] of parts) triggers.set(key, assemble(events));
  return [...triggers.values()];
};

const keyOf = ({ stream, log, position }: Trigger): string => `${stream}@${log}.${position}`;

const assemble = (parts: ReadonlyMap<number, EventBody>): Trigger => {
  const ordered = [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
  const [first] = ordered as [EventBody, ...EventBody[]];
  const { stream, meta: all } = first.detail;
  const { log, position, commitId, request, previous, context, hlc, region, index: _index, count, ...meta } = all;
  if (ordered.length < count) return { stream, log, position };
  const events = ordered.map(({ 'detail-type': type, detail: { version, data } }) => ({ type, version, data }));
  return {
    stream,
    log,
    position,
    commit: { stream, log, position, commitId, request, events, context, previous, hlc, region, meta },
  };
};
