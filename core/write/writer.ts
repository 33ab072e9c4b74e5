// Shared by all writes to a stream: the in-memory copy, decisions on it, and the next commit of its log.

import { streamTypeOf } from '../definition/domain.ts';
import {
  commandOf,
  type DecideContext,
  hasEscrow,
  type LogOwner,
  parseEvents,
  parseInput,
  type StreamDefinition,
} from '../definition/stream.ts';
import type { Append } from '../facts/append.ts';
import type { Commit, Intent, Meta, StoredEvent } from '../facts/commit.ts';
import { deepFreeze } from '../facts/deep-freeze.ts';
import { invalid, MeridianError } from '../facts/errors.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import { nextStamp, wallTimeOf } from '../facts/hlc.ts';
import type { Operation, SentEvent } from '../facts/operation.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { utf8Bytes } from '../facts/utf8.ts';
import { type VersionVector, versionCovers, versionDominates } from '../facts/version.ts';
import { CLOCK_AHEAD_MS, CLOCK_LIMIT_MS, MAX_COMMIT_BYTES, WARM_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { type LoadPorts, loadAtLeast } from '../log/load.ts';
import { type LostPorts, lostIn } from '../log/lost.ts';
import { completionsIn, type KnownPlacement } from '../placement/known-placement.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { IntentStore } from '../ports/intent-store.ts';
import type { WarmStreams } from '../ports/warm-streams.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { Watch } from './intents.ts';
import type { RequestIdentity } from './request.ts';

/** A copy of a stream, and what was known of moves before it was loaded: see {@link KnownPlacement.completions}. */
export interface Loaded {
  readonly history: History;
  readonly completions: number;
}

/** A stream in memory, and when it was loaded, by two clocks: one may jump, the other stops while a function is frozen. */
export interface Warm extends Loaded {
  readonly loadedAt: { readonly now: number; readonly elapsed: number };
  /** How long this process has waited for the intent that holds the stream. */
  readonly watch: Watch;
}

export interface AppendPorts extends LoadPorts {
  readonly events: EventStore & IntentStore;
  readonly regions: readonly string[];
  /** The log that this Region writes to. */
  readonly log: string;
  readonly warm: WarmStreams<Warm>;
  /** Where home streams are written. @default at home */
  readonly placement?: KnownPlacement;
}

/** The result of deciding on a state: events (none if nothing changes), or a refusal. */
type CommandResult =
  | { readonly events: readonly StoredEvent[]; readonly error?: never }
  | { readonly events?: never; readonly error: unknown };

export type Decide = (state: () => unknown, now: number) => CommandResult;

/**
 * Validates an operation once; the returned function decides again whenever the state changes.
 * @throws MeridianError `unknown-event`, `unknown-command`; `validation` with the path of every fault
 */
export function decider(ports: AppendPorts, { id, type }: StreamRef, operation: Operation): Decide {
  const definition = streamTypeOf(ports.domain, type);
  const writer = hasEscrow(definition) ? { writer: ownerIn(ports) } : {};
  if (operation.kind === 'events') {
    if (writer.writer) throw invalid([{ path: 'events', message: ONLY_COMMANDS }]);
    const events = parseEvents(definition, operation.events);
    return () => ({ events });
  }
  const input = parseInput(definition, operation.command, operation.input);
  const command = commandOf(definition, operation.command);
  return (state, now) => {
    try {
      const context: DecideContext = { id, now, ...writer };
      return { events: parseDecided(definition, operation.command, command.decide(state(), input, context)) };
    } catch (error) {
      return { error };
    }
  };
}

const ONLY_COMMANDS = 'come from commands only, because what a Region may take is held by its log. Send a command';

function ownerIn({ log, logs, regions }: AppendPorts): LogOwner {
  return { log, logs: Object.fromEntries(regions.map((region, i) => [region, logs?.[i] ?? region])) };
}

/** An event refused by its own schema is the domain's fault, not the caller's. @throws MeridianError `internal` */
function parseDecided(definition: StreamDefinition, command: string, events: readonly SentEvent[]) {
  try {
    return parseEvents(definition, events);
  } catch (cause) {
    throw new MeridianError(
      'internal',
      `${definition.type}.${command} returned an event that violates its schema: ${cause}`,
      {
        cause,
      },
    );
  }
}

/**
 * This process's in-memory copy of a stream, if it is usable. A stale copy is harmless where a conditional write
 * takes the position, which is why a response that writes nothing is never based on a warm copy. A copy of a stream that
 * other Regions also write is used for at most {@link WARM_MS}, otherwise their commits would stay unseen, and only for a
 * new id: with an old one, this Region may have shown a commit that the copy lacks.
 */
export function warmHistory(
  { warm, runtime, log }: AppendPorts,
  { mode }: StreamDefinition,
  { stream, commitId, fingerprint, repeats, isNew, hasMoved }: Pick<Append, 'commitId' | 'isNew'> & Request,
): Loaded | undefined {
  const copy = warm.get(stream.name);
  if (!copy?.history.holds) return undefined;
  const { history } = copy;
  if (mode !== 'merge' && !hasMoved && !history.hasOtherLogsThan(log)) return copy;
  if (ageOf(copy, runtime) > WARM_MS) return undefined;
  return isNew || history.find(commitId, fingerprint, runtime.now(), repeats) ? copy : undefined;
}

interface Request extends RequestIdentity {
  readonly stream: StreamRef;
  /** The home of the stream has moved: a log that was lost may still arrive. */
  readonly hasMoved: boolean;
}

function ageOf({ loadedAt }: Warm, runtime: AppendPorts['runtime']): number {
  const wall = runtime.now() - loadedAt.now;
  return wall < 0 ? Number.POSITIVE_INFINITY : Math.max(wall, runtime.elapsed() - loadedAt.elapsed);
}

/** Loads a stream and keeps it in memory. @throws MeridianError as `loadAtLeast` */
export async function loadWarm(ports: AppendPorts, stream: StreamRef, basedOn?: VersionVector): Promise<Loaded> {
  const completions = completionsIn(ports.placement);
  const loadedAt = { now: ports.runtime.now(), elapsed: ports.runtime.elapsed() };
  const history = await loadAtLeast(ports, stream, { basedOn });
  const copy = { history, completions, loadedAt, watch: watchOf(ports, stream) };
  ports.warm.set(stream.name, copy);
  return copy;
}

/** The waits of this process for the intents of a stream, from one request to the next. */
export function watchOf({ warm, runtime }: AppendPorts, { name }: StreamRef): Watch {
  return warm.get(name)?.watch ?? new Watch(runtime);
}

export function idReused(stream: string, { commitId, log, position }: Commit | KnownCopy): MeridianError {
  return new MeridianError('id-reused', `${commitId} belongs to another request on ${stream}. Use a new id.`, {
    details: { log, position },
  });
}

/** Checks the expected version. It must match exactly, except for positions without events, which change nothing. */
export function conflictOf(
  ports: LostPorts,
  history: History,
  expected: VersionVector | undefined,
): MeridianError | undefined {
  const { stream, seen } = history;
  if (!expected || (versionDominates(seen, expected) && !history.hasEventsSince(expected))) return undefined;
  return new MeridianError('version-conflict', `${stream} is not at the expected version. Read it and decide again.`, {
    details: {
      expected: encodeVersionToken(stream, expected),
      actual: encodeVersionToken(stream, seen),
      ...lostIn(ports, history, expected),
    },
  });
}

/** True if the commit that beat us had seen more of other Regions: reload before deciding again. */
export function isBehind(history: History, taken: Commit): boolean {
  const last = { log: taken.log, position: history.lastDecidedPosition(taken.log) };
  return !versionCovers(history.seen, last) || !versionDominates(history.seen, taken.context);
}

/** A stamp that is far ahead would stay in the stream: every Region that loads it adopts it. */
export function wrongClock(ahead: number): MeridianError | undefined {
  if (ahead <= CLOCK_LIMIT_MS) return undefined;
  return new MeridianError(
    'unavailable',
    `The clock of this function is ${Math.round(ahead / 1000)} s ahead of its database's: nothing is written. Retry.`,
    { retryable: true },
  );
}

interface NextCommit {
  readonly commitId: string;
  readonly fingerprint: string;
  readonly events: readonly StoredEvent[];
  readonly context: VersionVector;
  readonly meta: Meta;
  readonly tx?: Intent;
  readonly repair?: true;
}

type WritePorts = Pick<AppendPorts, 'log' | 'region' | 'runtime'>;

/**
 * The commit at the next position of this Region's log, in the form that every store returns: JSON, without undefined
 * members. It is frozen, because it is kept in memory too.
 * @throws MeridianError `too-large`
 */
export function nextCommit(ports: WritePorts, history: History, now: number, of: NextCommit): Commit {
  const { log, region } = ports;
  const hlc = stamp(ports, history, now);
  const wallTime = Math.floor(now);
  const commit: unknown = {
    stream: history.stream,
    log,
    position: history.lastPosition(log) + 1,
    previous: history.lastPositionWithEvents(log),
    hlc,
    wallTime: wallTimeOf(hlc) === wallTime ? undefined : wallTime,
    digest: fingerprintOf(ports.runtime, of.events),
    region,
    ...of,
  };
  const text = JSON.stringify(commit);
  const bytes = utf8Bytes(text);
  if (bytes > MAX_COMMIT_BYTES)
    throw new MeridianError(
      'too-large',
      `A commit holds at most ${MAX_COMMIT_BYTES} bytes as JSON; this one has ${bytes}.`,
      { details: { bytes, limit: MAX_COMMIT_BYTES } },
    );
  const stored: Commit = JSON.parse(text);
  return deepFreeze(stored);
}

function stamp({ runtime }: WritePorts, { latestStamp }: History, now: number): string {
  const ahead = latestStamp === undefined ? 0 : wallTimeOf(latestStamp) - now;
  if (ahead > CLOCK_AHEAD_MS) runtime.metric('ClockAhead', 'Milliseconds', ahead);
  return nextStamp(now, latestStamp);
}
