// The one log of a `strong` stream, which all Regions write: a table of its own, with multi-Region strong consistency.

import { type Domain, streamTypeOf } from '../definition/domain.ts';
import { isShared, SHARED_LOG } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { parseStreamRef, type StreamRef } from '../facts/stream-ref.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { EventsTable } from '../ports/events-table.ts';
import type { IntentStore } from '../ports/intent-store.ts';

/** Which logs a function writes, and which there are. */
interface Logs {
  readonly domain: Domain;
  readonly log?: string;
  readonly logs?: readonly string[] | undefined;
}

/** The ports for one stream: the log of a `strong` stream is the one that all Regions write. */
export function portsFor<Ports extends Logs>(ports: Ports, { type }: StreamRef): Ports {
  if (streamTypeOf(ports.domain, type).mode !== 'strong') return ports;
  return { ...ports, log: SHARED_LOG, logs: [SHARED_LOG] };
}

/** The names of the stream types in mode `strong`. */
export function strongTypes({ streams }: Domain): ReadonlySet<string> {
  return new Set([...streams.values()].filter(({ mode }) => mode === 'strong').map(({ type }) => type));
}

/** No conflicts are noticed in a log that all Regions write. */
type Streams = EventStore & Omit<IntentStore, 'taken'>;

/**
 * The `events` table together with the table of the `strong` streams. Calls of that fail with `quorum-unreachable`,
 * retryable, where those of the other one fail with `unavailable`.
 * @param types the names of the strong stream types; only loads need them
 */
export function withSharedLog(
  events: EventsTable,
  strong: Streams & Pick<EventsTable, 'scan'>,
  types: ReadonlySet<string>,
): EventsTable {
  const of = (log: string): Streams => (isShared({ log }) ? shared : events);
  const shared: Streams = {
    load: (...asked) => byQuorum(strong.load(...asked)),
    loadFirst: (...asked) => byQuorum(strong.loadFirst(...asked)),
    loadLog: (...asked) => byQuorum(strong.loadLog(...asked)),
    put: (commit) => byQuorum(strong.put(commit)),
    at: (...asked) => byQuorum(strong.at(...asked)),
    finalise: (...asked) => byQuorum(strong.finalise(...asked)),
    mark: (...asked) => byQuorum(strong.mark(...asked)),
  };
  const holding = (stream: string): EventStore => (types.has(parseStreamRef(stream).type) ? shared : events);
  return {
    load: (stream, ...asked) => holding(stream).load(stream, ...asked),
    loadFirst: (stream, ...asked) => holding(stream).loadFirst(stream, ...asked),
    loadLog: (stream, log, after) => of(log).loadLog(stream, log, after),
    put: (commit) => of(commit.log).put(commit),
    at: (stream, log, position) => of(log).at(stream, log, position),
    taken: (places) => events.taken(places),
    finalise: (intent, state) => of(intent.log).finalise(intent, state),
    mark: (intent, next) => of(intent.log).mark(intent, next),
    scan: async (segment, segments, after, limit) => {
      if (after?.startsWith(STRONG)) {
        const from = after.slice(STRONG.length);
        const page = await byQuorum(strong.scan(segment, segments, from === '' ? undefined : from, limit));
        return { ...page, cursor: page.cursor === undefined ? undefined : STRONG + page.cursor };
      }
      const page = await events.scan(segment, segments, after, limit);
      return { ...page, cursor: page.cursor ?? STRONG };
    },
    transact: (write) => events.transact(write),
    findDecision: (transaction) => events.findDecision(transaction),
    putDecision: (decision) => events.putDecision(decision),
  };
}

/** Starts the cursors of the table of the strong streams, which is read after the other one, whose cursors are its own. */
const STRONG = 'strong:';

/** The result of a call that a majority of the Regions has to answer. @throws MeridianError `quorum-unreachable`, and whatever the call throws otherwise */
export async function byQuorum<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    if (!(cause instanceof MeridianError && cause.code === 'unavailable')) throw cause;
    throw new MeridianError(
      'quorum-unreachable',
      'A majority of the Regions did not answer, and a strong stream needs one. Retry.',
      { retryable: true, cause },
    );
  }
}
