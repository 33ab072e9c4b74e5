import type { Commit } from '../facts/commit.ts';
import type { Dot } from '../facts/version.ts';
import type { EventBody } from '../wire/bus-event.ts';
import type { ProjectionMessage } from '../wire/projection.ts';

/** A reason to look at a stream: the dot of a commit, and the commit itself if the messages held all of it. */
export interface Trigger extends Dot {
  readonly stream: string;
  /** Whether the table's own stream brought it: then the table holds the commit. */
  readonly inTable: boolean;
  readonly commit?: Commit;
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
  const { log, position, commitId, fingerprint, previous, context, hlc, region, index: _index, count, ...meta } = all;
  const trigger = { stream, log, position, inTable: false };
  if (parts.size < count) return trigger;
  const ordered = [...parts]
    .sort(([a], [b]) => a - b)
    .map(
      ([
        ,
        {
          'detail-type': type,
          detail: { schemaVersion, data },
        },
      ]) => ({ type, schemaVersion, data }),
    );
  return {
    ...trigger,
    commit: { stream, log, position, commitId, fingerprint, events: ordered, context, previous, hlc, region, meta },
  };
}
