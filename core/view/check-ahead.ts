import { inChunks } from '../facts/chunks.ts';
import { isVisible } from '../facts/commit.ts';
import { MeridianError } from '../facts/errors.ts';
import type { ViewEntry } from '../facts/view-entry.ts';
import { AHEAD_ROUNDS, BEGIN_MS, PROJECT_MS } from '../limits/budgets.ts';
import type { History } from '../log/history.ts';
import { loadHistory } from '../log/load.ts';
import { Retries } from '../retry.ts';
import type { AheadStream } from '../wire/projection.ts';
import { isDue, judgeAhead, type Suspect, sendAhead } from './ahead.ts';
import { applyChanges } from './apply-changes.ts';
import { type Change, replacement } from './change.ts';
import { contentDigest } from './content-digest.ts';
import type { Target } from './generation.ts';
import { liveTargets } from './live-targets.ts';
import type { ProjectPorts } from './projection.ts';
import { entriesIn } from './streams-behind.ts';
import { type Triggers, triggersByStream } from './trigger.ts';

/** An entry that was replaced by what the table gives. */
export interface Corrected {
  readonly view: string;
  readonly stream: string;
  readonly from: ViewEntry['version'];
  readonly to: ViewEntry['version'];
}

/** The outcome of comparing streams with the table. */
export interface CheckedAhead {
  /** The streams to retry, with the reasons. */
  readonly failed: ReadonlyMap<string, unknown>;
  readonly corrected: readonly Corrected[];
}

/**
 * Compares entries that were written ahead of the table with the table: whether it has the commits that the entries had
 * when they were written. If so, nothing happens. If it lacks any, the streams are sent to the queue again, until the last
 * round: then their entries are replaced by what the table alone gives, at its lower version. If it has another commit in
 * the place of one, that happens as soon as both have the same version. A commit that arrives in the table after all is projected as any other.
 * @param messages the streams of each message; a message of which one fails is redelivered as a whole
 */
export async function checkAhead(
  ports: ProjectPorts,
  messages: readonly (readonly AheadStream[])[],
): Promise<CheckedAhead> {
  const deadline = ports.runtime.elapsed() + BEGIN_MS;
  const streams = merged(messages.flat());
  const again = streams.filter((stream) => !isDue(stream));
  const { suspects, waiting, failed } = await lookUp(ports, streams.filter(isDue), deadline);
  again.push(...waiting);
  const corrected: Corrected[] = [];
  for (const some of inChunks(suspects, LOADS)) {
    if (ports.runtime.elapsed() > deadline) {
      again.push(...some.map(waitingFor));
      continue;
    }
    const compared = await compareAll(ports, some);
    again.push(...compared.waiting.map(waitingFor));
    corrected.push(...compared.corrected);
    for (const [stream, error] of compared.failed) failed.set(stream, error);
  }
  const whole = messages.filter((streams) => !streams.some(({ stream }) => failed.has(stream))).flat();
  const kept = new Set(whole.map(keyOf));
  const next = again.filter((stream) => kept.has(keyOf(stream)));
  const unsent = await sendAhead(
    ports,
    next.map((stream) => ({ ...stream, round: stream.round + 1 })),
  );
  return { failed: new Map([...failed, ...unsent]), corrected };
}

/** Streams that are loaded from the table at a time. */
const LOADS = 10;

/** Each stream once per round: a message that was sent again in part repeats some. */
function merged(streams: readonly AheadStream[]): AheadStream[] {
  const unique = new Map(streams.map((stream) => [keyOf(stream), { ...stream, commits: new Map<string, Dot>() }]));
  for (const stream of streams)
    for (const commit of stream.commits) unique.get(keyOf(stream))?.commits.set(JSON.stringify(commit), commit);
  return [...unique.values()].map(({ commits, ...stream }) => ({ ...stream, commits: [...commits.values()] }));
}

function keyOf({ stream, round }: AheadStream): string {
  return `${round} ${stream}`;
}

/** Commits that are looked up in the table at a time. */
const LOOKUPS = 100;

/** Looks up the announced commits, each by itself: streams may be long. Those that no time is left for have to wait. */
async function lookUp(ports: ProjectPorts, due: readonly AheadStream[], deadline: number) {
  const failed = new Map<string, unknown>();
  const later: AheadStream[] = [];
  const found = due.map((ahead) => ({ ahead, missing: [] as Dot[], other: [] as Dot[] }));
  const dots = found.flatMap((stream) => stream.ahead.commits.map((dot) => ({ ...stream, dot })));
  for (const some of inChunks(dots, LOOKUPS))
    if (ports.runtime.elapsed() > deadline) later.push(...some.map(({ ahead, dot }) => ({ ...ahead, commits: [dot] })));
    else
      await Promise.all(
        some.map(async ({ ahead: { stream }, missing, other, dot }) => {
          try {
            const commit = await ports.events.at(stream, dot.log, dot.position);
            if (!commit || commit.tx?.state === 'prepared') missing.push(dot);
            else if (!isVisible(commit) || contentDigest(ports.runtime, commit) !== dot.digest) other.push(dot);
          } catch (error) {
            failed.set(stream, error);
          }
        }),
      );
  const all = found.filter(({ ahead: { stream } }) => !failed.has(stream));
  const isSuspect = ({ ahead: { round }, missing, other }: Suspect) =>
    other.length > 0 || (missing.length > 0 && round >= AHEAD_ROUNDS);
  const lacking = all.filter((each) => !isSuspect(each) && each.missing.length > 0);
  return { suspects: all.filter(isSuspect), waiting: [...lacking.map(waitingFor), ...later], failed };
}

type Dot = AheadStream['commits'][number];

/** What is looked up again of a stream. */
function waitingFor({ ahead, missing, other }: Suspect): AheadStream {
  return { ...ahead, commits: [...missing, ...other] };
}

interface Compared extends CheckedAhead {
  readonly waiting: readonly Suspect[];
}

async function compareAll(ports: ProjectPorts, suspects: readonly Suspect[]): Promise<Compared> {
  const byStream = triggersByStream(
    suspects.flatMap(({ ahead: { stream, commits } }) =>
      commits.map(({ log, position }) => ({ stream, log, position, inTable: true })),
    ),
  );
  const { targets, refused } = await liveTargets(ports, byStream);
  const failed = new Map(refused);
  const waiting = new Set<Suspect>();
  const corrected: Corrected[] = [];
  const retries = new Retries(ports.runtime, PROJECT_MS);
  let pending: Triggers = new Map([...byStream].filter(([stream]) => !failed.has(stream)));
  while (pending.size > 0) {
    const once = await compareOnce(ports, targets, pending, suspects);
    for (const stream of once.waiting) waiting.add(stream);
    for (const [stream, error] of once.failed) failed.set(stream, error);
    corrected.push(...once.corrected);
    pending = new Map([...pending].filter(([stream]) => once.late.has(stream) && !failed.has(stream)));
    if (pending.size > 0 && !(await retries.pause())) {
      for (const stream of pending.keys()) failed.set(stream, lost);
      break;
    }
  }
  return { waiting: [...waiting], failed, corrected };
}

const lost = new MeridianError('unavailable', `Lost the race to other projectors for ${PROJECT_MS / 1000} s. Retry.`, {
  retryable: true,
});

async function compareOnce(
  ports: ProjectPorts,
  targets: readonly Target[],
  pending: Triggers,
  suspects: readonly Suspect[],
): Promise<Compared & { readonly late: ReadonlySet<string> }> {
  // Entries are read before the table, so that it has all that other projectors have read from it until then.
  const entries = await Promise.all(
    targets.map(async (target) => ({ target, entries: await entriesIn(ports.views, target, pending) })),
  );
  const { histories, failed } = await loadAll(ports, pending);
  const late = new Set<string>();
  const waiting = new Set<Suspect>();
  const corrected: Corrected[] = [];
  for (const { target, entries: own } of entries) {
    const corrections = new Map<string, { readonly change: Change; readonly from: ViewEntry['version'] }>();
    for (const suspect of suspects) {
      const { ahead } = suspect;
      const { stream } = ahead;
      const [history, ref, entry] = [histories.get(stream), pending.get(stream)?.ref, own.get(stream)];
      if (!history || !ref || !entry || failed.has(stream)) continue;
      try {
        const change = () => replacement(target, ref, history, entry);
        const verdict = judgeAhead(suspect, entry, history.seen, () => isSame(entry, change().entry));
        if (verdict === 'wait') waiting.add(suspect);
        if (verdict === 'correct') corrections.set(stream, { change: change(), from: entry.version });
      } catch (error) {
        failed.set(stream, error);
      }
    }
    const changes = [...corrections.values()].map(({ change }) => change);
    const written = await applyChanges(ports, target.name, changes);
    for (const [stream, error] of written.failed) failed.set(stream, error);
    for (const stream of written.late) late.add(stream);
    for (const [stream, { change, from }] of corrections) {
      if (written.late.includes(stream) || written.failed.has(stream)) continue;
      ports.runtime.metric('RowCorrected', 'Count', 1);
      corrected.push({ view: target.name, stream, from, to: change.entry.version });
    }
  }
  return { late, waiting: [...waiting], failed, corrected };
}

/** True if two entries show the same. */
function isSame(a: ViewEntry, b: ViewEntry): boolean {
  return JSON.stringify({ row: a.row, totals: a.totals }) === JSON.stringify({ row: b.row, totals: b.totals });
}

async function loadAll(
  ports: ProjectPorts,
  pending: Triggers,
): Promise<{ readonly histories: ReadonlyMap<string, History>; readonly failed: Map<string, unknown> }> {
  const histories = new Map<string, History>();
  const failed = new Map<string, unknown>();
  await Promise.all(
    [...pending.values()].map(async ({ ref }) => {
      try {
        // Not a kept one: commits that arrive on the bus are added to those.
        histories.set(ref.name, await loadHistory(ports, ref));
      } catch (error) {
        failed.set(ref.name, error);
      }
    }),
  );
  return { histories, failed };
}
