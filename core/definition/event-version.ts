import type * as z from 'zod';
import { carriedFaults } from '../facts/carried.ts';
import { type Commit, eventId, type StoredEvent } from '../facts/commit.ts';
import { faultsOf, invalid, MeridianError, messageOf, refuseFaults } from '../facts/errors.ts';
import { decodeEventData, encodeEventData } from '../facts/event-data-codec.ts';
import { checkMembers, type Members } from './members.ts';

/** An earlier version of an event type. */
interface EarlierVersion {
  readonly schemaVersion: number;
  readonly schema: z.ZodType;
  readonly sample?: unknown;
  /** Converts data of this version into data of the next one, in the form that a caller would send. Pure. */
  upcast(data: unknown): unknown;
}

/** An event type: the schema of its current version, and how data stored in earlier versions is read. */
export interface EventVersion<Schema extends z.ZodType = z.ZodType> {
  /** 1, 2, 3 … */
  readonly schemaVersion: number;
  /** A released schema never changes: a change is a new version, made by `nextVersion`. */
  readonly schema: Schema;
  /** Sample data of this version, as a caller sends it. Keep it as long as the schema: `meridian schemas` folds it. */
  readonly sample?: unknown;
  /** Oldest first, without gaps. @default none */
  readonly earlier?: readonly EarlierVersion[];
}
export type EventVersions = Readonly<Record<string, EventVersion>>;

const VERSION_MEMBERS: Members<EventVersion> = {
  schemaVersion: 'required',
  schema: 'required',
  sample: 'optional',
  earlier: 'optional',
};

const NEXT_MEMBERS: Members<EarlierVersion> = {
  schemaVersion: 'required',
  schema: 'required',
  sample: 'optional',
  upcast: 'required',
};

interface NextVersion<Before extends z.ZodType, After extends z.ZodType> {
  readonly schemaVersion: number;
  readonly schema: After;
  readonly sample?: z.input<After>;
  /** Pure. Converts stored data of the previous version into data of this one, in the form that a caller sends. */
  upcast(data: z.output<Before>): z.input<After>;
}

/**
 * The next version of an event type: `nextVersion(one, { schemaVersion: 2, schema, sample, upcast })`, and a third one
 * `nextVersion(nextVersion(one, two), three)`. Data stored in earlier versions passes through the upcasters, one after the other.
 * @throws Error if the version is not the previous one plus 1, or a member is missing or unknown
 */
export function nextVersion<Before extends z.ZodType, After extends z.ZodType>(
  { earlier = [], ...before }: EventVersion<Before>,
  next: NextVersion<Before, After>,
): EventVersion<After> {
  checkMembers(`Version ${next.schemaVersion} of an event`, next, NEXT_MEMBERS);
  const { upcast, ...after } = next;
  if (after.schemaVersion !== before.schemaVersion + 1)
    throw new Error(
      `An event's version ${after.schemaVersion} cannot follow version ${before.schemaVersion}: its number must be one higher.`,
    );
  return { ...after, earlier: [...earlier, { ...before, upcast }] };
}

/** @throws Error if the definition of an event cannot be used */
export function checkEvent(name: string, event: EventVersion): void {
  checkMembers(`Event ${name}`, event, VERSION_MEMBERS);
  const { schemaVersion } = event;
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1)
    throw new Error(`Event ${name}: its schemaVersion is ${schemaVersion}, but must be a positive integer.`);
}

/** The versions of an event type that can be read, oldest first. */
export function schemaVersionsOf({ earlier = [], ...current }: EventVersion): readonly Omit<EventVersion, 'earlier'>[] {
  return [...earlier, current];
}

/** The current version of every event type. */
export function currentSchemaVersions(events: EventVersions): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(events).map(([type, { schemaVersion }]) => [type, schemaVersion]));
}

export function eventNamed(events: EventVersions, type: string): EventVersion | undefined {
  return Object.hasOwn(events, type) ? events[type] : undefined;
}

/**
 * A stored event can have a type or a version that only newer code knows: after a rollback, or while Regions are
 * deployed one after the other. Such an event is not folded, and nothing is appended after it. @returns MeridianError
 * `unreadable-event`, retryable; undefined: every event of the commit is known
 */
export function unreadableIn(events: EventVersions, commit: Commit): MeridianError | undefined {
  for (const [index, event] of commit.events.entries())
    if (!knows(eventNamed(events, event.type), event.schemaVersion)) return unknownEvent(events, commit, index, event);
  return undefined;
}

/**
 * A stored event, converted to the stored form of its type's current version.
 * @throws MeridianError `unreadable-event`, retryable: this code does not know it, or an upcaster failed
 */
export function inCurrentVersion(
  events: EventVersions,
  commit: Commit,
  index: number,
  event: StoredEvent,
): StoredEvent {
  const known = eventNamed(events, event.type);
  if (!known || !knows(known, event.schemaVersion)) throw unknownEvent(events, commit, index, event);
  try {
    return upcastEvent(known, event);
  } catch (cause) {
    throw unreadable(commit, index, event, { why: `${messageOf(cause)}. Fix the upcaster and deploy it`, cause });
  }
}

function knows(known: EventVersion | undefined, version: number): boolean {
  return known?.schemaVersion === version || (known?.earlier?.some((each) => each.schemaVersion === version) ?? false);
}

function unknownEvent(events: EventVersions, commit: Commit, index: number, event: StoredEvent): MeridianError {
  const known = eventNamed(events, event.type);
  const versions = known
    ? `version ${schemaVersionsOf(known)
        .map(({ schemaVersion }) => schemaVersion)
        .join(', ')}`
    : 'no such event';
  return unreadable(commit, index, event, {
    why: `this code knows ${versions}. Deploy the code that wrote it here too`,
  });
}

/** An event in its type's current version. @throws Error with the upcast that failed, and why */
export function upcastEvent(known: EventVersion, event: StoredEvent): StoredEvent {
  const { earlier = [], ...current } = known;
  const steps = earlier.filter(({ schemaVersion }) => schemaVersion >= event.schemaVersion);
  if (steps.length === 0) return event;
  let data = asStored(event.data);
  for (const [i, { schemaVersion, upcast }] of steps.entries()) {
    const target = steps[i + 1] ?? current;
    try {
      const result = target.schema.safeParse(upcast(data));
      if (!result.success) throw invalid(faultsOf(result.error, 'data'));
      refuseFaults(carriedFaults(result.data, 'data'));
      data = asStored(result.data);
    } catch (cause) {
      const step = `${event.type} ${schemaVersion} cannot be converted to version ${target.schemaVersion}`;
      throw new Error(`${step}: ${messageOf(cause)}`, { cause });
    }
  }
  return { type: event.type, schemaVersion: current.schemaVersion, data };
}

/**
 * Returns data in the form that a store would return, so that it makes no difference whether an event was stored, and in
 * which version.
 */
export function asStored(data: unknown): unknown {
  return decodeEventData(encodeEventData(data));
}

function unreadable(
  commit: Commit,
  index: number,
  { type, schemaVersion }: StoredEvent,
  { why, cause }: { readonly why: string; readonly cause?: unknown },
): MeridianError {
  const { stream } = commit;
  const event = eventId(commit, index);
  return new MeridianError(
    'unreadable-event',
    `Event ${event} is ${type} in version ${schemaVersion}: ${why}. Until then this Region cannot read ${stream}.`,
    { retryable: true, details: { stream, event, eventType: type, schemaVersion }, cause },
  );
}
