import { eventId, type Meta, writtenAt } from '../core/facts/commit.ts';
import { emptyVersion, joinVersions } from '../core/facts/version.ts';
import { CLIENT_POLL_MS, CLIENT_TRIES, FOLLOWED_COMMITS, IDEMPOTENCY_WINDOW_MS } from '../core/limits/budgets.ts';
import type { CommitShown } from '../core/wire/api.ts';
import { encodeVersionToken, readVersionToken } from '../core/wire/version-token.ts';
import type { CommitPage, PageOptions } from './call.ts';
import { ClientError, isClientError } from './error.ts';
import type { CallOptions } from './options.ts';
import { askPage } from './page.ts';
import type { Regions } from './regions.ts';
import { pauseMs } from './retry.ts';

export interface FollowOptions extends CallOptions {
  /** Only events after this version: the `resumeAfter` of the last event that was handled. @default all events */
  readonly after?: string | undefined;
  /** Milliseconds between polls of a stream that has nothing new. @default 1,000 */
  readonly everyMs?: number | undefined;
}

/** An event and its origin. */
export interface FollowedEvent {
  /** `<stream>@<log>.<position>.<index>`: the same in every Region and at every read. */
  readonly id: string;
  readonly type: string;
  readonly data: unknown;
  /** The version of its event type in which it is stored. */
  readonly schemaVersion: number;
  /**
   * The id of the append. Copies of one append, made in two Regions that could not see each other, share it: what must be done
   * once per append is deduplicated by it, not by `id`.
   */
  readonly commitId: string;
  /** Where it was written. */
  readonly region: string;
  /** When it was written, by that Region's clock. */
  readonly at: Date;
  readonly meta: Meta;
  /**
   * Save it once the event has been handled; passed as `after`, a later `follow` continues from there, at least once. It moves
   * past a commit only with the commit's last event: until then, all events of that commit are read again. A copy of an append
   * that was handled before may be read too: it has the same `commitId` and another `id`.
   */
  readonly resumeAfter: string | undefined;
}

/**
 * Follows a stream: its events, and new ones as they arrive, until the signal is aborted. Of the copies of an append it yields the
 * one that arrives first; the state counts the first in fold order, which may be another. Temporary failures are retried without
 * limit, in every Region; before the first page, missing credentials and addresses {@link CLIENT_TRIES} times, because they may be
 * a mistake. @throws ClientError any other failure
 */
export async function* follow(
  { runtime }: Regions,
  commits: (page: PageOptions & CallOptions) => Promise<CommitPage>,
  { after, signal, everyMs = CLIENT_POLL_MS }: FollowOptions,
): AsyncGenerator<FollowedEvent, void, void> {
  const seen = new Copies();
  let known = after;
  let hasRead = false;
  for (let failures = 0; !signal?.aborted; ) {
    try {
      const page = await askPage((limit) => commits({ after: known, limit, signal }));
      failures = 0;
      hasRead = true;
      for (const commit of page.commits) {
        const next = tokenAfter(page.stream, known, commit);
        if (!seen.add(commit)) yield* eventsOf(page.stream, commit, known, next);
        if (signal?.aborted) return;
        known = next;
      }
      if (page.next === undefined) await runtime.sleep(everyMs, signal);
    } catch (error) {
      if (isClientError(error, 'cancelled')) return;
      const mayPass =
        error instanceof ClientError &&
        (isTemporary(error) || (isOfSetup(error) && (hasRead || failures < CLIENT_TRIES - 1)));
      if (!mayPass) throw error;
      await runtime.sleep(pauseMs(runtime, failures++), signal);
    }
  }
}

/** Whether a reader that has read before should go on asking. */
export function isTemporary({ retryable, code }: ClientError): boolean {
  return retryable || code === 'unreachable';
}

/** Whether it is a mistake in the options, or a failure of a service that is asked for credentials or addresses. */
function isOfSetup({ code }: ClientError): boolean {
  return code === 'no-credentials' || code === 'no-endpoint';
}

function* eventsOf(
  stream: string,
  { events, ...commit }: CommitShown,
  before: string | undefined,
  after: string,
): Generator<FollowedEvent, void, void> {
  const { commitId, region, meta, log, position } = commit;
  for (const [index, { type, data, schemaVersion }] of events.entries())
    yield {
      ...{ id: eventId({ stream, log, position }, index), type, data, schemaVersion, commitId, region, meta },
      at: new Date(writtenAt(commit)),
      resumeAfter: index === events.length - 1 ? after : before,
    };
}

/** A reader's version after it has read one more commit. */
function tokenAfter(stream: string, known: string | undefined, { log, position }: CommitShown): string {
  const version = known === undefined ? emptyVersion : readVersionToken(known, 'after').version;
  return encodeVersionToken(stream, joinVersions(version, { [log]: position }));
}

/** The ids of the commits that a follower has read: an append that was repeated in another Region is stored twice. */
class Copies {
  readonly #times = new Map<string, number>();

  /** @returns whether it is a copy of a commit read before */
  add(commit: CommitShown): boolean {
    const { commitId } = commit;
    const at = writtenAt(commit);
    const known = this.#times.get(commitId);
    this.#times.delete(commitId);
    this.#times.set(commitId, at);
    const [oldest] = this.#times.keys();
    if (this.#times.size > FOLLOWED_COMMITS && oldest !== undefined) this.#times.delete(oldest);
    return known !== undefined && Math.abs(at - known) <= IDEMPOTENCY_WINDOW_MS;
  }
}
