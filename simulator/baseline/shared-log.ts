// The usual design of an event store on DynamoDB, to compare Meridian with: every stream is one log, which all Regions write. An item
// has the key (stream, version), and is put on the condition that there is none yet.

import { commandOf, parseEvents, parseInput, type StreamDefinition } from '../../core/definition/stream.ts';
import { type Commit, eventId } from '../../core/facts/commit.ts';
import { fingerprintOf } from '../../core/facts/fingerprint.ts';
import { nextStamp } from '../../core/facts/hlc.ts';
import type { Runtime } from '../../core/index.ts';
import type { EventStore } from '../../core/ports/event-store.ts';

/** What every stream's log is called: with one name, the key of an item is its stream and its version. */
export const SHARED = 'shared';

/** How often a writer decides again after it has lost the race for a version. */
const ATTEMPTS = 10;

export interface SharedLogPorts extends Pick<Runtime, 'now' | 'digest'> {
  readonly region: string;
  /** The replica of the global table in this Region. */
  readonly events: Pick<EventStore, 'load' | 'put'>;
}

export interface Command {
  readonly stream: string;
  /** The id of the append: a retry has the same. */
  readonly commitId: string;
  readonly command: string;
  readonly input: unknown;
}

/** The items of a stream, by version, as this Region's replica has them. */
export async function loadShared(events: Pick<EventStore, 'load'>, stream: string): Promise<readonly Commit[]> {
  const commits = await events.load(stream);
  return commits.toSorted((a, b) => a.position - b.position);
}

/** The state of a stream: the fold of its events, by version. */
export function stateOf(definition: StreamDefinition, commits: readonly Commit[]): unknown {
  let state: unknown = definition.initial;
  for (const commit of commits)
    for (const [index, event] of commit.events.entries()) {
      const { commitId, hlc, region } = commit;
      const recorded = { ...event, id: eventId(commit, index), commitId, hlc, region };
      // In one log no event is concurrent with another one.
      state = definition.evolve(state, recorded, { concurrent: [], saw: () => true });
    }
  return state;
}

/**
 * Reads a stream, decides, and puts the events at the next version. A writer that loses the race for it reads and decides again.
 * @returns the version of its events; undefined: it lost every race
 * @throws MeridianError: the command is refused
 */
export async function appendShared(
  ports: SharedLogPorts,
  definition: StreamDefinition,
  { stream, commitId, command, input }: Command,
): Promise<number | undefined> {
  const { region, events, now, digest } = ports;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const commits = await loadShared(events, stream);
    const done = commits.find((commit) => commit.commitId === commitId);
    if (done) return done.position;
    const id = stream.slice(stream.indexOf('/') + 1);
    const parsed = parseInput(definition, command, input);
    const decided = commandOf(definition, command).decide(stateOf(definition, commits), parsed, { id, now: now() });
    const last = commits.at(-1);
    // Behind the last item even if an earlier one has not arrived yet: a version between them belongs to another Region's event.
    const [before, version] = [last?.position ?? 0, (last?.position ?? 0) + 1];
    const taken = await events.put({
      ...{ stream, log: SHARED, position: version, commitId, region, meta: {} },
      fingerprint: fingerprintOf({ digest }, { command, input }),
      events: parseEvents(definition, decided),
      ...{ context: { [SHARED]: before }, previous: before },
      hlc: nextStamp(now(), last?.hlc),
    });
    if (!taken) return version;
  }
  return undefined;
}
