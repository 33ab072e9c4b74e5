import type { Commit } from '../facts/commit.ts';
import { isStamp } from '../facts/hlc.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import type { Dot } from '../facts/version.ts';
import type { EventBody } from '../wire/bus-event.ts';
import type { ProjectionMessage } from '../wire/projection.ts';

/** A reason to project a stream: the dot of a commit, and the commit itself if the messages contain all of it. */
export interface Trigger extends Dot {
  readonly stream: string;
  /** True if the trigger comes from the table's own stream, so that the table holds the commit. */
  readonly inTable: boolean;
  readonly commit?: Commit;
}

/** The triggers of one stream. */
export interface Triggered {
  readonly ref: StreamRef;
  readonly triggers: readonly Trigger[];
}

/** Triggers by stream. */
export type Triggers = ReadonlyMap<string, Triggered>;

export function triggersByStream(triggers: readonly Trigger[]): Triggers {
  const byStream = Map.groupBy(triggers, ({ stream }) => stream);
  return new Map([...byStream].map(([stream, own]) => [stream, { ref: parseStreamRef(stream), triggers: own }]));
}

/**
 * The triggers in a batch of messages. A commit from the bus has a payload only if all of its events are in the batch,
 * and only if a Region can have written it: it is in one of their logs, and its stamp is well-formed. Any other event
 * is only a reason to read the table.
 * @param logs the logs that the Regions of the deployment write
 */
export function triggersOf(messages: readonly ProjectionMessage[], logs: readonly string[]): readonly Trigger[] {
  const keys = messages.flatMap((message) => ('keys' in message ? message.keys : []));
  const commits = new Map<string, Received>();
  for (const event of messages.flatMap((message) => ('event' in message ? message.event : []))) {
    const { stream, meta } = event.detail;
    const id = `${stream}@${meta.log}.${meta.position}`;
    const received = commits.get(id) ?? { first: event, parts: new Map<number, EventBody>() };
    received.parts.set(meta.index, event);
    commits.set(id, received);
  }
  return [
    ...keys.map((key) => ({ ...key, inTable: true })),
    ...commits.values().map((received) => assemble(received, logs)),
  ];
}

/** The received events of one commit by index, and the first received one, for the members that all of them share. */
interface Received {
  readonly first: EventBody;
  readonly parts: Map<number, EventBody>;
}

function assemble({ first, parts }: Received, logs: readonly string[]): Trigger {
  const { stream, meta: all } = first.detail;
  const { log, position, commitId, fingerprint, digest, previous, context, hlc, wallTime, region, repair, ...more } =
    all;
  const { index: _index, count, ...meta } = more;
  const trigger = { stream, log, position, inTable: false };
  if (parts.size < count || !logs.includes(log) || !isStamp(hlc)) return trigger;
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
    commit: {
      stream,
      log,
      position,
      commitId,
      fingerprint,
      ...(digest !== undefined && { digest }),
      events: ordered,
      context,
      previous,
      hlc,
      ...(wallTime !== undefined && { wallTime }),
      region,
      meta,
      ...(repair && { repair }),
    },
  };
}
