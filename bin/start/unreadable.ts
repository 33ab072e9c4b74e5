import * as z from 'zod';
import { eventNamed, schemaVersionsOf, upcastEvent } from '../../core/definition/event-version.ts';
import { eventId, foldOrder, type StoredEvent } from '../../core/facts/commit.ts';
import { messageOf } from '../../core/facts/errors.ts';
import { parseStreamRef } from '../../core/facts/stream-ref.ts';
import {
  type Commit,
  type Domain,
  decodeEventData,
  encodeEventData,
  faultsOf,
  isVisible,
  type StreamDefinition,
} from '../../core/index.ts';
import { Fold } from '../../core/log/fold.ts';

/** A stored event that the current code cannot read. */
export interface UnreadableEvent {
  readonly stream: string;
  /**
   * `<stream>@<log>.<position>.<index>`. It is the last event of the stream if all events can be read, but folding them
   * fails.
   */
  readonly event: string;
  /** The event's type and version: `Received.1`. */
  readonly name: string;
  /** What is wrong with the event. A fault of a field starts with the field's name. */
  readonly faults: readonly string[];
  /** The stored data. */
  readonly data: unknown;
}

/**
 * Finds the stored events, of all streams, that the domain cannot read.
 * @param commits every commit once, in any order
 */
export function unreadableEvents(domain: Domain, commits: readonly Commit[]): readonly UnreadableEvent[] {
  const streams = Map.groupBy(commits.filter(isVisible), ({ stream }) => stream);
  return [...streams].flatMap(([stream, own]) => {
    const definition = domain.streams.get(parseStreamRef(stream).type);
    const ordered = own.sort(foldOrder);
    const events = ordered.flatMap((commit) =>
      commit.events.map((event, index) => ({ event, id: eventId(commit, index) })),
    );
    const unreadable = events.flatMap(({ event, id }) => {
      const faults = definition
        ? faultsIn(definition, event)
        : [`the domain has no stream type ${parseStreamRef(stream).type}`];
      return faults.length > 0 ? [{ stream, event: id, name: nameOf(event), faults, data: event.data }] : [];
    });
    const last = events.at(-1);
    const why = definition && last && unreadable.length === 0 ? foldFault(definition, ordered) : undefined;
    return why === undefined || !last
      ? unreadable
      : [{ stream, event: last.id, name: nameOf(last.event), faults: [why], data: last.event.data }];
  });
}

function nameOf({ type, schemaVersion }: StoredEvent): string {
  return `${type}.${schemaVersion}`;
}

function faultsIn({ type, events }: StreamDefinition, event: StoredEvent): readonly string[] {
  const known = eventNamed(events, event.type);
  if (!known) return [`${type} has no event ${event.type}`];
  const versions = schemaVersionsOf(known);
  const version = versions.find(({ schemaVersion }) => schemaVersion === event.schemaVersion);
  if (!version)
    return [
      `${event.type} has version ${versions.map(({ schemaVersion }) => schemaVersion).join(', ')}, not ${event.schemaVersion}`,
    ];
  const stored = decodeEventData(encodeEventData(event.data));
  const parsed = version.schema.safeParse(stored);
  // A schema that transforms data may refuse its own output, so it cannot check stored data.
  if (!parsed.success && acceptsItsOutput(version))
    return faultsOf(parsed.error, 'data').map(({ path, message }) => `${path}: ${message}`);
  try {
    upcastEvent(known, event);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

/**
 * True if a schema is known to accept its own output: its sample shows it or, without a usable sample, it has no
 * transformation.
 */
function acceptsItsOutput({ schema, sample }: ReturnType<typeof schemaVersionsOf>[number]): boolean {
  const parsed = schema.safeParse(sample);
  return parsed.success
    ? schema.safeParse(decodeEventData(encodeEventData(parsed.data))).success
    : !hasTransformation(schema);
}

function hasTransformation(schema: z.ZodType): boolean {
  let found = false;
  z.toJSONSchema(schema, {
    unrepresentable: 'any',
    // Called for every part of the schema.
    override: ({ zodSchema }) => {
      found ||= zodSchema._zod.def.type === 'pipe' || zodSchema._zod.def.type === 'transform';
    },
  });
  return found;
}

function foldFault(definition: StreamDefinition, commits: readonly Commit[]): string | undefined {
  const fold = new Fold(definition);
  try {
    for (const commit of commits) fold.apply(commit);
    return undefined;
  } catch (error) {
    return `evolve threw: ${messageOf(error)}`;
  }
}
