import type { Mode } from '../definition/conflicts.ts';
import { streamTypeOf } from '../definition/domain.ts';
import type { Commit } from '../facts/commit.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, joinVersions, type VersionVector } from '../facts/version.ts';
import { type LoadPorts, loadAtLeast, loadWhole } from '../log/load.ts';
import type { HealthPorts } from './health.ts';
import type { ViewPorts } from './views.ts';

export interface StreamState {
  readonly state: unknown;
  readonly version: VersionVector;
  readonly mode: Mode;
}

/**
 * The state of a stream as this Region has seen it; a stream without commits has the initial state of its type.
 * @param atLeast waits up to `CATCH_UP_MS` until this Region has seen that version
 * @throws MeridianError `unknown-stream-type`; `not-caught-up`, with the version this Region has seen; `unavailable`
 */
export async function readStream(ports: LoadPorts, stream: string, atLeast?: VersionVector): Promise<StreamState> {
  const ref = parseStreamRef(stream);
  const { mode } = streamTypeOf(ports.domain, ref.type);
  const { state, seen } = await loadAtLeast(ports, ref, atLeast);
  return { state, version: seen, mode };
}

export interface CommitPage {
  readonly commits: readonly Commit[];
  /** The reader's version after this page; pass it as `after` to get the next page. */
  readonly version: VersionVector;
  readonly more: boolean;
}

/**
 * The seen commits that `after` does not cover, in fold order. Every page is causally closed, so following a stream
 * by `after` misses nothing: a commit that arrives late is returned late, whatever its stamp.
 * @throws MeridianError as `readStream`
 */
export async function readCommits(
  ports: LoadPorts,
  stream: string,
  after: VersionVector = emptyVersion,
  limit = 100,
): Promise<CommitPage> {
  const ref = parseStreamRef(stream);
  // A reader that starts at the beginning needs every commit, so a snapshot would save nothing.
  const loaded = Object.keys(after).length > 0 ? await loadAtLeast(ports, ref, after) : undefined;
  const history = loaded?.reaches(after) ? loaded : await loadWhole(ports, ref);
  const unread = history.since(after);
  const commits = unread.slice(0, limit);
  const version = commits.reduce((known, { log, position }) => joinVersions(known, { [log]: position }), after);
  return { commits, version, more: unread.length > limit };
}

/** The ports for reading streams, views and the Region's health. */
export type ReadPorts = LoadPorts & ViewPorts & HealthPorts;
