import { streamTypeOf } from '../definition/domain.ts';
import type { Append, Appended } from '../facts/append.ts';
import type { Commit } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import { fingerprintOf } from '../facts/fingerprint.ts';
import type { KnownCopy } from '../facts/snapshot.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, type VersionVector, versionDominates } from '../facts/version.ts';
import { APPEND_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { keepSnapshot, loadWhole } from '../log/load.ts';
import { backoff } from '../retry.ts';
import { encodeVersionToken } from '../wire/version-token.ts';
import { finishIntents, streamBusy } from './intents.ts';
import {
  type AppendPorts,
  checkHome,
  conflictOf,
  type Decide,
  decider,
  idReused,
  isBehind,
  loadWarm,
  nextCommit,
  warmHistory,
} from './writer.ts';

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
  const { domain, runtime, events: store, log } = ports;
  const { commitId, expected, basedOn } = asked;
  const definition = streamTypeOf(domain, stream.type);
  checkHome(ports, definition, stream);
  const fingerprint = fingerprintOf(runtime, asked.operation);
  const deadline = runtime.elapsed() + APPEND_MS;

  const warm = warmHistory(ports, definition, stream);
  let history = warm ?? (await loadWarm(ports, stream));
  let fresh = warm === undefined;
  const refresh = async (atLeast?: VersionVector) => {
    history = await loadWarm(ports, stream, atLeast);
    fresh = true;
  };
  let decide: Decide | undefined;
  for (let tries = 0; ; ) {
    // The commit that won the race may not include everything in the snapshot that this copy is based on.
    if (!history.holds) await refresh();
    // A committed append is returned before any check: what was valid then may not be valid now.
    const standing = history.find(commitId, fingerprint, runtime.now());
    if (standing?.fingerprint === fingerprint) return appended(history, standing);
    const holder = await finishIntents(ports, history);
    if (holder) {
      const wait = backoff(runtime, tries++);
      if (runtime.elapsed() + wait > deadline) throw streamBusy(holder, runtime.now());
      await runtime.sleep(wait);
      continue;
    }
    const now = runtime.now();
    const known = history.find(commitId, fingerprint, now);
    const refusal = known ? idReused(asked.stream, known) : (history.unreadable ?? conflictOf(history, expected));
    if (refusal && fresh) throw refusal;
    if (refusal || !versionDominates(history.seen, basedOn ?? emptyVersion)) {
      await refresh(basedOn);
      continue;
    }
    if (basedOn && !history.reaches(basedOn)) {
      history = await loadWhole(ports, stream);
      fresh = true;
      continue;
    }
    decide ??= decider(definition, stream, asked.operation);
    const context = basedOn ?? history.seen;
    const decision = decide(() => history.stateAt(context), now);
    if (!fresh && !decision.events?.length) {
      await refresh(basedOn);
      continue;
    }
    if (!decision.events) throw decision.error;
    if (decision.events.length === 0) return { stream: asked.stream, commitId, version: context };

    const commit = nextCommit(ports, history, now, {
      commitId,
      fingerprint,
      events: decision.events,
      context,
      meta: asked.meta,
    });
    const answer = appended(history, commit);
    const taken = await store.put(commit);
    history.add([taken ?? commit]);
    if (!taken) {
      runtime.metric('Appended', 'Count', 1);
      if (ports.warm.get(stream.name)?.history === history) await keepSnapshot(ports, history);
      return answer;
    }
    if (taken.commitId === commitId && taken.tx === undefined && history.holds) {
      if (taken.fingerprint === fingerprint) return appended(history, taken);
      throw idReused(asked.stream, taken);
    }

    runtime.metric('AppendConflict', 'Count', 1);
    const wait = expected ? 0 : backoff(runtime, tries++);
    if (runtime.elapsed() + wait > deadline)
      throw new MeridianError(
        'version-conflict',
        `Lost the race to other writers of ${stream.name} for ${APPEND_MS / 1000} s. Retry.`,
        {
          retryable: true,
          details: { actual: encodeVersionToken(stream.name, history.seen) },
        },
      );
    await runtime.sleep(wait);
    // No commit follows an intent that is not final.
    if (taken.tx?.state !== 'prepared') history.add(await store.loadLog(stream.name, log, history.lastPosition(log)));
    if (isBehind(history, taken)) await refresh(basedOn);
  }
}

function appended(history: History, commit: Commit | KnownCopy): Appended {
  const { commitId, log, position } = commit;
  return { stream: history.stream, commitId, version: history.versionOf(commit), dot: { log, position } };
}
