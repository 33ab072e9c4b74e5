import { streamTypeOf } from '../definition/domain.ts';
import type { Append, Appended } from '../facts/append.ts';
import { type Commit, isShared } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import type { VersionVector } from '../facts/version.ts';
import { APPEND_MS, APPEND_POLL_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { pollPause, Retries } from '../retry.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { Draft } from './draft.ts';
import { type Search, streamBusy } from './intents.ts';
import { identityOf } from './request.ts';
import type { AppendPorts } from './writer.ts';

/**
 * Appends to a stream under optimistic concurrency: one conditional write if the stream is warm, plus one Query if it
 * is cold, or a few if its type has snapshots. A retry of the same append returns the same result.
 * @param asked checked by the one who received it: it can be stored and carried
 * @throws MeridianError
 * - `unknown-stream-type`, `unknown-event`, `unknown-command`; `validation` with the path of every fault
 * - `misdirected`: only another Region may write this to the stream
 * - `version-conflict`: the stream is not at `expected`; or, retryable, the append lost the race to other writers for
 *   {@link APPEND_MS}
 * - `stream-busy`, retryable: an undecided transaction has held the stream for {@link APPEND_MS}
 * - `id-reused`: the commitId belongs to another request
 * - `rejected`: the domain's own refusal
 * - `unreadable-event`, retryable: only newer code knows an event of the stream
 * - `not-caught-up`, retryable: this Region has not seen `basedOn`, or, with escrow, all of its own log; `validation`: no Region can have seen it
 * - `too-large`; `unavailable`; `quorum-unreachable`, for a `strong` stream; both retryable
 */
export async function appendToStream(
  ports: AppendPorts,
  asked: Append,
  stream = parseStreamRef(asked.stream),
): Promise<Appended> {
  const { runtime } = ports;
  const { commitId, expected } = asked;
  const retries = new Retries(runtime, APPEND_MS);
  let asks: Search['asks'] = 'decision';
  const identity = identityOf(runtime, streamTypeOf(ports.domain, stream.type), asked.operation);
  const draft = await Draft.open(ports, { ...asked, stream, ...identity });
  let hasLost = false;
  for (;;) {
    const drafted = await draft.next({ asks });
    if (drafted.kind === 'written') return appended(drafted.commit, draft.history.versionOf(drafted.commit));
    if (drafted.kind === 'refused') throw drafted.error;
    if (drafted.kind === 'unchanged') return { stream: asked.stream, commitId, version: drafted.version };
    if (drafted.kind === 'held') {
      const pause = pollPause(runtime, APPEND_POLL_MS, draft.watch.waited);
      if (pause > retries.left) throw streamBusy(drafted.by, runtime.now());
      await runtime.sleep(pause);
      // The Region that decides was asked once. The decision arrives here by replication, or the attempt is ended.
      asks = 'end';
      continue;
    }

    const { commit, version } = drafted;
    const taken = await put(commit);
    if (!taken) return appended(commit, version);
    if (taken.commitId === commitId && taken.tx === undefined) continue;
    runtime.metric('AppendConflict', 'Count', 1);
    // The next attempt follows without a pause if it finds out how long an intent holds the stream, or if it usually reports
    // the conflict with `expected`.
    const isAtOnce = taken.tx?.state === 'prepared' || (expected !== undefined && !hasLost);
    hasLost = true;
    if (!isAtOnce && !(await retries.pause())) throw lostRace(draft.history);
    await draft.catchUp(taken);
  }

  /**
   * In a log that all Regions write, a put may have met one of another Region, which is over soon; or its answer was lost. So it is
   * repeated unchanged. If it took effect, its own commit has the position.
   */
  async function put(commit: Commit): Promise<Commit | undefined> {
    for (;;)
      try {
        return await draft.put(commit);
      } catch (error) {
        const again = isShared(commit) && error instanceof MeridianError && error.retryable;
        if (!again || !(await retries.pause())) throw error;
      }
  }

  function appended({ log, position }: Commit | KnownCopy, version: VersionVector): Appended {
    return { stream: asked.stream, commitId, version, dot: { log, position } };
  }
}

function lostRace({ stream, seen }: History): MeridianError {
  return new MeridianError(
    'version-conflict',
    `Lost the race to other writers of ${stream} for ${APPEND_MS / 1000} s. Retry.`,
    { retryable: true, details: { actual: encodeVersionToken(stream, seen) } },
  );
}
