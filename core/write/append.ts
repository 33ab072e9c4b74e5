import type { Append, Appended } from '../facts/append.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { APPEND_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { Retries } from '../retry.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { Draft } from './draft.ts';
import { streamBusy } from './intents.ts';
import type { AppendPorts } from './writer.ts';

/**
 * Appends to a stream under optimistic concurrency: one conditional write if the stream is warm, plus one Query if it
 * is cold, or a few if its type has snapshots. A retry of the same append returns the same result.
 * @throws MeridianError
 * - `unknown-stream-type`, `unknown-event`, `unknown-command`; `validation` with the path of every fault
 * - `misdirected`: a `home` stream of another Region
 * - `version-conflict`: the stream is not at `expected`; or, retryable, the append lost the race to other writers for
 *   {@link APPEND_MS}
 * - `stream-busy`, retryable: an undecided transaction has held the stream for {@link APPEND_MS}
 * - `id-reused`: the commitId belongs to another request
 * - `rejected`: the domain's own refusal
 * - `unreadable-event`, retryable: only newer code knows an event of the stream
 * - `not-caught-up`, retryable: this Region has not seen `basedOn`
 * - `too-large`; `unavailable`, retryable
 */
export async function appendToStream(
  ports: AppendPorts,
  asked: Append,
  stream = parseStreamRef(asked.stream),
): Promise<Appended> {
  const { runtime } = ports;
  const { commitId, expected } = asked;
  const retries = new Retries(runtime, APPEND_MS);
  const draft = await Draft.open(ports, { ...asked, stream, fingerprint: fingerprintOf(runtime, asked.operation) });
  for (;;) {
    const drafted = await draft.next();
    if (drafted.kind === 'written') return appended(draft.history, drafted.commit);
    if (drafted.kind === 'held') {
      if (!(await retries.pause())) throw streamBusy(drafted.by, runtime.now());
      continue;
    }
    if (drafted.events.length === 0) return { stream: asked.stream, commitId, version: drafted.context };

    const commit = draft.commit(drafted);
    const answer = appended(draft.history, commit);
    const taken = await draft.put(commit);
    if (!taken) return answer;
    if (taken.commitId === commitId && taken.tx === undefined) continue;
    runtime.metric('AppendConflict', 'Count', 1);
    // A caller that expects a version is told at once that the stream has another one.
    if (!expected && !(await retries.pause())) throw lostRace(draft.history);
    await draft.catchUp(taken);
  }
}

function lostRace({ stream, seen }: History): MeridianError {
  return new MeridianError(
    'version-conflict',
    `Lost the race to other writers of ${stream} for ${APPEND_MS / 1000} s. Retry.`,
    { retryable: true, details: { actual: encodeVersionToken(stream, seen) } },
  );
}

function appended(history: History, commit: Commit | KnownCopy): Appended {
  const { commitId, log, position } = commit;
  return { stream: history.stream, commitId, version: history.versionOf(commit), dot: { log, position } };
}
