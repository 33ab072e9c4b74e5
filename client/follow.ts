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
  /** The schema version that the event is stored in. */
  readonly schemaVersion: number;
  /**
   * The id of the append. If the same append was made in two Regions that could not see each other, both copies have
   * this id. Use it rather than `id` to do something once per append.
   */
  readonly commitId: string;
  /** The Region that wrote the event. */
  readonly region: string;
  /** When the event was written, by that Region's clock. */
  readonly at: Date;
  readonly meta: Meta;
  /**
   * Save this version once the event has been handled, and pass it as `after` to continue from there. Only the version
   * of a commit's last event covers the commit: from the version of an earlier event, all events of the commit are read
   * again. A copy of an append that was already handled may be read as well: it has the same `commitId` and another
   * `id`.
   */
  readonly resumeAfter: string | undefined;
}

/**
 * Follows a stream: yields its events, and new ones as they arrive, until the signal is aborted. If an append has
 * copies, only the copy that arrives first is yielded. The state includes the first copy in fold order, which may be
 * another one. Temporary failures are retried without limit, in every Region. Until the first page has been read,
 * missing credentials and addresses are retried only {@link CLIENT_TRIES} times, because they may be a mistake. @throws
 * ClientError any other failure
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

/** True if a reader that has already read a page should retry after this error. */
export function isTemporary({ retryable, code }: ClientError): boolean {
  return retryable || code === 'unreachable';
}

/** True if the error is a mistake in the options, or a failure of a service that provides credentials or addresses. */
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

/** The ids of the last commits that a follower read. They reveal copies: an append retried in another Region may be stored twice. */
class Copies {
  readonly #times = new Map<string, number>();

  /** @returns true if the commit is a copy of one read before */
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
