import type { Commit } from '../facts/commit.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import type { Runtime } from '../ports/runtime.ts';
import { contentDigest } from '../view/content-digest.ts';

type Digests = Pick<Runtime, 'digest'>;

/** A digest of everything in a commit that never changes, the times of an intent included. */
export function itemDigest(runtime: Digests, commit: Commit): string {
  const { deadline, began, timeout } = commit.tx ?? {};
  return fingerprintOf(runtime, { content: contentDigest(runtime, commit), deadline, began, timeout });
}

/** False if the events of a commit do not match the digest that its writer has given it. Older code gave none. */
export function isIntact(runtime: Digests, { digest, events }: Commit): boolean {
  return digest === undefined || digest === fingerprintOf(runtime, events);
}
