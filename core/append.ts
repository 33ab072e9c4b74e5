import { type Commit, type Meta, type StoredEvent, splitStream } from './commit.ts';
import { streamTypeOf } from './domain.ts';
import { MeridianError } from './errors.ts';
import type { History } from './history.ts';
import { nextStamp, wallTimeOf } from './hlc.ts';
import { keepSnapshot, type LoadPorts, loadAtLeast, loadWhole } from './load.ts';
import type { WarmStreams } from './ports.ts';
import { backoff } from './retry.ts';
import type { KnownCopy } from './snapshot.ts';
import { commandOf, parseEvents, parseInput, type SentEvent, type StreamDefinition } from './stream.ts';
import { covers, type Dot, dominates, empty, encodeVersion, type Version } from './version.ts';

/** What is asked of a stream: events as they are, or a command that decides them. */
export type Request =
  | { readonly kind: 'events'; readonly events: readonly SentEvent[] }
  | { readonly kind: 'command'; readonly command: string; readonly input?: unknown };

export interface Append {
  /** `<type>/<id>` */
  readonly stream: string;
  /** The same append sent again has the same one. */
  readonly commitId: string;
  readonly request: Request;
  /** `home` only: the exact version that the stream has to be at. */
  readonly expected?: Version | undefined;
  /** `merge` only: the version that the caller looked at; it becomes the commit's context. */
  readonly basedOn?: Version | undefined;
  readonly meta: Meta;
}

/** An append that stands. */
export interface Appended {
  readonly stream: string;
  readonly commitId: string;
  /** Covers the commit and what it was based on. */
  readonly version: Version;
  /** The commit's own place; undefined when the command decided that nothing changes. */
  readonly dot?: Dot | undefined;
}

/** A stream in memory, and when it was read. */
export interface Warm {
  readonly history: History;
  readonly loadedAt: number;
}

export interface AppendPorts extends LoadPorts {
  readonly region: string;
  readonly regions: readonly string[];
  /** The log that this Region writes. */
  readonly log: string;
  readonly warm: WarmStreams<Warm>;
}

/** For how long an append tries to get a position, in milliseconds. */
const APPEND_MS = 10_000;
/** A warm copy of a stream that other Regions write too is used for so long, in milliseconds. */
const WARM_MS = 1000;
/** A stamp so far ahead of the wall clock is reported, in milliseconds; it is adopted all the same. */
const CLOCK_AHEAD_MS = 500;
/**
 * Bytes of a commit as JSON. A bus entry may hold 256 KiB (262,144 bytes); what is left is room for what an entry adds.
 */
const MAX_COMMIT_BYTES = 256_000;

/**
 * Appends to a stream under optimistic concurrency: one conditional write when the stream is warm, one Query more when
 * it is cold, a few when its type has snapshots. The same append again answers the same result.
 * @throws MeridianError
 * - `unknown-stream-type`, `unknown-event`, `unknown-command`; `validation` with the path of every fault
 * - `misdirected`: a `home` stream of another Region
 * - `version-conflict`: the stream is not at `expected`; or, retryable, other writers were faster for 10 s
 * - `id-reused`: the commitId stands for another request
 * - `rejected`: the domain's own refusal
 * - `unreadable-event`, retryable: only newer code knows an event of the stream
 * - `not-caught-up`, retryable: this Region has not seen `basedOn`
 * - `too-large`; `unavailable`, retryable
 */
export const append = async (ports: AppendPorts, asked: Append): Promise<Appended> => {
  const { domain, runtime, events: store, log } = ports;
  const { stream, commitId, expected, basedOn } = asked;
  const definition = streamTypeOf(domain, splitStream(stream).type);
  checkHome(ports, definition, stream);
  const request = runtime.digest(textOf(asked.request));
  const deadline = runtime.elapsed() + APPEND_MS;

  const warm = warmHistory(ports, definition, stream);
  let history = warm ?? (await load(ports, stream));
  let fresh = warm === undefined;
  const refresh = async (atLeast?: Version) => {
    history = await load(ports, stream, atLeast);
    fresh = true;
  };
  let decide: Decide | undefined;
  for (let attempt = 0; ; ) {
    // Who was faster may have known less than is in the snapshot that this copy goes on from.
    if (!history.holds) await refresh();
    const now = runtime.now();
    // An append that stands is answered before anything about it is checked: what was right then may not be so now.
    const known = history.find(commitId, request, now);
    if (known?.request === request) return appended(history, known);
    const refusal = known ? idReused(stream, known) : (history.unreadable ?? conflictOf(history, expected));
    if (refusal && fresh) throw refusal;
    if (refusal || !dominates(history.seen, basedOn ?? empty)) {
      await refresh(basedOn);
      continue;
    }
    if (basedOn && !history.reaches(basedOn)) {
      history = await loadWhole(ports, stream);
      fresh = true;
      continue;
    }
    decide ??= decider(definition, asked);
    const context = basedOn ?? history.seen;
    const decision = decide(() => history.stateAt(context), now);
    if (!fresh && !decision.events?.length) {
      await refresh(basedOn);
      continue;
    }
    if (!decision.events) throw decision.error;
    if (decision.events.length === 0) return { stream, commitId, version: context };

    const commit = asStored({
      stream,
      log,
      position: history.lastPosition(log) + 1,
      commitId,
      request,
      events: decision.events,
      context,
      previous: history.lastPositionWithEvents(log),
      hlc: stamp(ports, history, now),
      region: ports.region,
      meta: asked.meta,
    });
    const answer = appended(history, commit);
    const taken = await store.put(commit);
    history.add([taken ?? commit]);
    if (!taken) {
      runtime.metric('Appended', 'Count', 1);
      if (ports.warm.get(stream)?.history === history) await keepSnapshot(ports, history);
      return answer;
    }
    if (taken.commitId === commitId && history.holds) {
      if (taken.request === request) return appended(history, taken);
      throw idReused(stream, taken);
    }

    runtime.metric('AppendConflict', 'Count', 1);
    const wait = expected ? 0 : backoff(runtime, attempt++);
    if (runtime.elapsed() + wait > deadline)
      throw new MeridianError('version-conflict', `Other writers of ${stream} were faster for 10 s: try again.`, {
        retryable: true,
        details: { actual: encodeVersion(stream, history.seen) },
      });
    await runtime.sleep(wait);
    history.add(await store.loadLog(stream, log, history.lastPosition(log)));
    // Who was faster may have known more of other Regions than this copy does.
    if (!covers(history.seen, { log, position: history.lastPosition(log) })) await refresh(basedOn);
  }
};

const checkHome = ({ region, regions }: AppendPorts, definition: StreamDefinition, stream: string): void => {
  const home = definition.mode === 'home' ? definition.home(splitStream(stream).id, regions) : region;
  if (home !== region)
    throw new MeridianError('misdirected', `${stream} is at home in ${home}, not in ${region}.`, { details: { home } });
};

/** What a command decided on a state: events, none of them when nothing changes, or a refusal. */
type Decision =
  | { readonly events: readonly StoredEvent[]; readonly error?: never }
  | { readonly events?: never; readonly error: unknown };

type Decide = (state: () => unknown, now: number) => Decision;

/** Checks what is asked for once; the answer decides as often as the state changes under it. */
const decider = (definition: StreamDefinition, { stream, request }: Append): Decide => {
  if (request.kind === 'events') {
    const events = parseEvents(definition, request.events);
    return () => ({ events });
  }
  const input = parseInput(definition, request.command, request.input);
  const { id } = splitStream(stream);
  const command = commandOf(definition, request.command);
  return (state, now) => {
    try {
      return { events: parseDecided(definition, request.command, command.decide(state(), input, { id, now })) };
    } catch (error) {
      return { error };
    }
  };
};

/** An event that its own schema refuses is the domain's fault, not the caller's. @throws MeridianError `internal` */
const parseDecided = (definition: StreamDefinition, command: string, events: readonly SentEvent[]) => {
  try {
    return parseEvents(definition, events);
  } catch (cause) {
    throw new MeridianError(
      'internal',
      `${definition.type}.${command} decided an event that its schema refuses: ${cause}`,
      {
        cause,
      },
    );
  }
};

/**
 * The stream as this process has it in memory, if that will do. Being behind is harmless where the position is taken
 * by a conditional write, which is why an answer that writes nothing is never given on a warm copy. With foreign logs
 * a copy serves only while it is at most 1 s old: else other Regions' commits would stay unseen.
 */
const warmHistory = (
  { warm, runtime, log }: AppendPorts,
  { mode }: StreamDefinition,
  stream: string,
): History | undefined => {
  const copy = warm.get(stream);
  const alone = mode === 'home' && copy && !copy.history.hasOtherLogsThan(log);
  return copy?.history.holds && (alone || runtime.elapsed() - copy.loadedAt <= WARM_MS) ? copy.history : undefined;
};

const load = async (ports: AppendPorts, stream: string, atLeast?: Version): Promise<History> => {
  const loadedAt = ports.runtime.elapsed();
  const history = await loadAtLeast(ports, stream, atLeast);
  ports.warm.set(stream, { history, loadedAt });
  return history;
};

const appended = (history: History, commit: Commit | KnownCopy): Appended => {
  const { commitId, log, position } = commit;
  return { stream: history.stream, commitId, version: history.versionOf(commit), dot: { log, position } };
};

const idReused = (stream: string, { commitId, log, position }: Commit | KnownCopy): MeridianError =>
  new MeridianError('id-reused', `${commitId} stands for another request on ${stream}: make a new id.`, {
    details: { log, position },
  });

/** What is wrong with the expected version: it is exact, but for positions without events, which change nothing. */
const conflictOf = (history: History, expected: Version | undefined): MeridianError | undefined => {
  const { stream, seen } = history;
  if (!expected || (dominates(seen, expected) && !history.hasEventsSince(expected))) return undefined;
  return new MeridianError('version-conflict', `${stream} is not at the expected version: read it and decide again.`, {
    details: { expected: encodeVersion(stream, expected), actual: encodeVersion(stream, seen) },
  });
};

const stamp = ({ runtime }: AppendPorts, { latestStamp }: History, now: number): string => {
  const ahead = latestStamp === undefined ? 0 : wallTimeOf(latestStamp) - now;
  if (ahead > CLOCK_AHEAD_MS) runtime.metric('ClockAhead', 'Milliseconds', ahead);
  return nextStamp(now, latestStamp);
};

const utf8 = new TextEncoder();

/** The commit as every store gives it back: JSON, without what is undefined. @throws MeridianError `too-large` */
const asStored = (commit: Commit): Commit => {
  const text = JSON.stringify(commit);
  const bytes = text.length > MAX_COMMIT_BYTES / 3 ? utf8.encode(text).length : text.length;
  if (bytes > MAX_COMMIT_BYTES)
    throw new MeridianError(
      'too-large',
      `A commit holds at most ${MAX_COMMIT_BYTES} bytes as JSON, this one has ${bytes}.`,
      { details: { bytes, limit: MAX_COMMIT_BYTES } },
    );
  return JSON.parse(text);
};

const textOf = (request: Request): string => {
  try {
    return canonical(request);
  } catch (cause) {
    throw new MeridianError('too-large', 'The request is nested too deeply.', { cause });
  }
};

/** JSON with sorted keys: the same for requests that differ only in the order of their keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
