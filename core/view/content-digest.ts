import type { Commit } from '../facts/commit.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import type { Runtime } from '../ports/runtime.ts';

/** A digest of what a commit carries: the same for a commit in the table, and for one that arrived over the bus. */
export function contentDigest(runtime: Pick<Runtime, 'digest'>, commit: Commit): string {
  const { stream, log, position, commitId, fingerprint, digest, events, ...place } = commit;
  const { context, previous, hlc, wallTime, region, meta, repair } = place;
  const content = { stream, log, position, commitId, fingerprint, digest, events };
  return fingerprintOf(runtime, { ...content, context, previous, hlc, wallTime, region, meta, repair });
}
