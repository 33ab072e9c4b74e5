import * as z from 'zod';
import type { Stamped } from './commit.ts';
import type { Hlc } from './hlc.ts';
import { sameVersion, type Version } from './version.ts';

/** How the streams of a type get snapshots: for types whose streams get many hundreds of commits. */
export interface Snapshots {
  /**
   * A new one is taken after so many commits, 1, 2, 3 …; later if it would hold more than ten times as many ids. A stream
   * that is not in memory is then loaded by one request for the snapshot and a few for what came since, one that has no
   * snapshot yet by one request more than without.
   */
  readonly every: number;
  /**
   * 1, 2, 3 …; snapshots of another version are not used. **Raise it with every change of what `evolve` or an upcaster
   * makes of the events**: what is folded already is not folded again. Only a new event, or a new version of one, is
   * noticed without.
   */
  readonly version: number;
  /**
   * Commits younger than so many milliseconds stay out. If another Region writes without having seen what is in a
   * snapshot, that does not serve any more, and the stream is loaded from an older one or whole.
   * @default 60,000 for `merge`, 0 for `home`
   */
  readonly settle?: number;
}

/** A seen commit as far as a repeated append, and the fold of one, need to know it. */
export interface KnownCopy extends Stamped {
  readonly commitId: string;
  readonly request: string;
  /** The request of the copy that counts, which may be older than any that is known: another one if the id was reused. */
  readonly countsAs: string;
  /** What an append of it is answered with. */
  readonly version: Version;
}

/** A stream as it was at a version: the fold goes on from here, without the commits that are in it. */
export interface Snapshot {
  readonly stream: string;
  /** The `snapshots.version` of the definition that folded it. */
  readonly madeBy: number;
  /** The events that the definition knew, and their versions: to code that knows others, the state says too much or too little. */
  readonly events: Readonly<Record<string, number>>;
  readonly version: Version;
  /** The highest stamp in it. */
  readonly latestStamp: Hlc;
  /** Per log its last position with events, 0 if there is none. */
  readonly withEvents: Version;
  /** JSON, else it cannot be kept. */
  readonly state: unknown;
  /** The commits of the idempotency window by commitId, each one's copies in fold order. */
  readonly ids: ReadonlyMap<string, readonly KnownCopy[]>;
}

const version = z.record(z.string(), z.number());
/** A copy. There may be many: so they have no names, and what is as nearly always is null. */
const row = z.tuple([
  z.string(), // commitId
  z.string(), // log
  z.number(), // position
  z.string(), // stamp
  z.string(), // request
  z.nullable(z.string()), // the request that it counts for, if that is another one
  z.nullable(version), // its version, if that is more than the commit itself and what its log holds before
]);
const snapshotSchema = z.object({
  stream: z.string(),
  madeBy: z.number(),
  events: z.record(z.string(), z.number()),
  version,
  latestStamp: z.string(),
  withEvents: version,
  state: z.unknown(),
  copies: z.array(row),
});

/** @throws Error when a type cannot have such snapshots */
export function checkSnapshots(type: string, initial: unknown, { every, version }: Snapshots): void {
  for (const [name, value] of Object.entries({ every, version }))
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`Stream type ${type}: snapshots.${name} is ${value}, it has to be 1, 2, 3 …`);
  if (!isJson(initial))
    throw new Error(`Stream type ${type}: it cannot have snapshots, its initial state is not JSON.`);
}

/** @throws Error when the state is not JSON: read back it would be another one */
export function encodeSnapshot({ ids, ...snapshot }: Snapshot): string {
  if (!isJson(snapshot.state))
    throw new Error(`The state of ${snapshot.stream} is not JSON: mend its type’s evolve, or take its snapshots away.`);
  const copies = [...ids.values()]
    .flat()
    .map(
      ({ commitId, log, position, hlc, request, countsAs, version }): z.output<typeof row> => [
        commitId,
        log,
        position,
        hlc,
        request,
        countsAs === request ? null : countsAs,
        sameVersion(version, { [log]: position }) ? null : version,
      ],
    );
  return JSON.stringify({ ...snapshot, copies });
}

/** @throws Error when the text is not one of `encodeSnapshot` */
export function decodeSnapshot(text: string): Snapshot {
  const { copies, ...snapshot } = snapshotSchema.parse(JSON.parse(text));
  const known = copies.map(([commitId, log, position, hlc, request, countsAs, version]) => ({
    commitId,
    log,
    position,
    hlc,
    request,
    countsAs: countsAs ?? request,
    version: version ?? { [log]: position },
  }));
  return { ...snapshot, ids: Map.groupBy(known, ({ commitId }) => commitId) };
}

/** Whether a value comes back from JSON as it is: no `undefined` in it, no Date, Map or class, no -0, NaN or hole. */
export function isJson(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (Reflect.ownKeys(value).some((key) => typeof key === 'symbol')) return false;
  if (Array.isArray(value)) return Object.keys(value).length === value.length && value.every(isJson);
  return (
    Object.getPrototypeOf(value) === Object.prototype && !('toJSON' in value) && Object.values(value).every(isJson)
  );
}
