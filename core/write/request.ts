import { eventNamed } from '../definition/event-version.ts';
import type { StreamDefinition } from '../definition/stream.ts';
import type { Commit } from '../facts/commit.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import type { Operation, SentEvent } from '../facts/operation.ts';
import type { KnownCopy } from '../facts/snapshot.ts';

/** What distinguishes a request from another one with the same id. */
export interface RequestIdentity {
  /** Stored with its commit: the same for equal requests, in every Region. */
  readonly fingerprint: string;
  /** True if a commit with the same id was written for this request. @default its fingerprint is the same */
  readonly repeats?: (known: Commit | KnownCopy) => boolean;
}

/**
 * Identifies a request. An event whose version is omitted has the version that is current when it is first taken: the same event
 * with that version is the same, and so is the same event without one, even after another version was released. So the
 * fingerprint is that of the request without versions that are current, and a known commit shows which version was current when
 * it was written. A snapshot does not show it: there, any given version counts as that one.
 * @throws MeridianError `too-large`: nested too deeply
 */
export function identityOf(
  runtime: { readonly digest: (text: string) => string },
  { events: defined }: StreamDefinition,
  operation: Operation,
): RequestIdentity {
  if (operation.kind === 'command' || operation.events.every(({ schemaVersion }) => schemaVersion === undefined))
    return { fingerprint: fingerprintOf(runtime, operation) };
  const without = (drops: (event: SentEvent, index: number) => boolean) =>
    fingerprintOf(runtime, {
      ...operation,
      events: operation.events.map((event, i) => (drops(event, i) ? { ...event, schemaVersion: undefined } : event)),
    });
  const fingerprint = without(({ type, schemaVersion }) => schemaVersion === eventNamed(defined, type)?.schemaVersion);
  return {
    fingerprint,
    repeats: (known) =>
      // Older code stored the fingerprint of the request as it was sent.
      known.fingerprint === without(() => false) ||
      ('events' in known
        ? known.fingerprint === without(({ schemaVersion }, i) => schemaVersion === known.events[i]?.schemaVersion)
        : known.fingerprint === fingerprint || known.fingerprint === without(() => true)),
  };
}
