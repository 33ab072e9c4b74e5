import { type Commit, isShared, writtenAt } from '../facts/commit.ts';
import { attemptIdOf } from '../facts/decision.ts';
import { ThrottledError } from '../facts/errors.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { isOlder, mayBeNext, type Waiter } from '../facts/waiter.ts';
import {
  KEPT_FOR_NEXT_MS,
  LOOK_MS,
  MARK_MS,
  MIN_ATTEMPT_MS,
  NEXT_POLL_MS,
  NO_TURN_MS,
  PARTICIPANT_CALL_MS,
  TURN_MS,
  TURN_POLL_MS,
  WAIT_FOR_OLDER_MS,
  WAIT_FOR_YOUNGER_MS,
} from '../limits/budgets.ts';
import { decisionHere } from '../log/decisions.ts';
import type { Remote } from '../ports/remote.ts';
import { backoff, pollPause } from '../retry.ts';
import { type TurnAnswer, turnAnswerSchema, turnRequestSchema } from '../wire/turn.ts';
import { Draft } from '../write/draft.ts';
import { follow } from '../write/follow.ts';
import { adoptPassedOn, passedOn, type Writer, writerOf } from '../write/home.ts';
import { holderOf } from '../write/intents.ts';
import type { AppendPorts } from '../write/writer.ts';
import { timesOf } from './times.ts';

// Who takes a stream next that several transactions want: the oldest one. Only that one waits while it holds other streams, so
// no two transactions wait for each other. Marks are hints: the position still goes to the first that writes it.

/** A transaction's wait for one stream, while an attempt of it may hold others. */
export class NextInLine {
  readonly #ports: AppendPorts;
  readonly #me: Waiter;
  readonly #attemptId: string;
  /** When the wait has to end, by `elapsed`. */
  readonly #end: number;
  #since: number | undefined;
  /** When it last looked whether its own attempt is decided. */
  #looked = 0;

  /** @param deadline of the attempt, by `elapsed` */
  constructor(ports: AppendPorts, me: Waiter, attemptId: string, deadline: number) {
    this.#ports = ports;
    this.#me = me;
    this.#attemptId = attemptId;
    this.#end = deadline - MIN_ATTEMPT_MS;
  }

  /**
   * Waits for a moment, as long as this transaction is next. Its patience is the same however often the holder changes.
   * @param held the intent that holds the stream, as it was just read
   * @returns false if the attempt should release what it holds: another one is next, the patience is at its end, or the
   *   attempt is already decided
   */
  async wait(held: Commit): Promise<boolean> {
    const { runtime } = this.#ports;
    const holder = await markedBy(this.#ports, this.#me, held);
    if (holder.tx?.state !== 'prepared') return true;
    if (!isNext(this.#me, holder)) return false;
    const now = runtime.elapsed();
    if (this.#since === undefined) this.#since = this.#looked = now;
    if (now >= Math.min(this.#since + patienceWith(holder, this.#me), this.#end)) return false;
    if (now - this.#looked >= LOOK_MS) {
      this.#looked = now;
      if (await decisionHere(this.#ports, this.#attemptId)) return false;
    }
    await runtime.sleep(pollPause(runtime, NEXT_POLL_MS, now - this.#since));
    return true;
  }

  /**
   * Leaves a free position to the transaction that is next there, for a short time, if that is an older one.
   * @param last the last commit before the position
   * @returns the commits that took it meanwhile
   */
  async keep(last: Commit | undefined): Promise<readonly Commit[]> {
    const { runtime, events } = this.#ports;
    if (!last || !isKept(runtime, last, this.#me)) return [];
    for (const end = runtime.elapsed() + KEPT_FOR_NEXT_MS; runtime.elapsed() < end; ) {
      await runtime.sleep(pollPause(runtime, NEXT_POLL_MS));
      const tail = await events.loadLog(last.stream, last.log, last.position);
      if (tail.length > 0) return tail;
    }
    return [];
  }
}

/** Marks an intent with a transaction, if that may be next. @returns the intent as it is stored now */
async function markedBy({ events, region }: AppendPorts, me: Waiter, held: Commit): Promise<Commit> {
  // No Region writes an item of another one.
  if (held.region !== region && !isShared(held)) return held;
  if (isNext(me, held) || !mayBeNext(me, held.tx?.next)) return held;
  return (await events.mark(held, me)) ?? held;
}

function isNext({ transaction }: Waiter, { tx }: Commit): boolean {
  return tx?.next?.transaction === transaction;
}

/** Milliseconds that a transaction waits for a holder while it holds other streams. */
function patienceWith(holder: Commit, me: Waiter): number {
  return isOlder(me, holderOf(holder)) ? WAIT_FOR_YOUNGER_MS : WAIT_FOR_OLDER_MS;
}

/** True if the position after a commit is kept: an older transaction was next when the stream was last held, lately. */
function isKept({ now }: AppendPorts['runtime'], last: Commit, me: Waiter): boolean {
  return !mayBeNext(me, last.tx?.next) && Math.abs(now() - writtenAt(last)) <= MARK_MS;
}

export interface Turn extends Waiter {
  readonly stream: string;
  /** The attempt that found the stream busy. */
  readonly attempt: number;
  /** Milliseconds until the transaction's deadline. */
  readonly remaining: number;
}

/**
 * Waits, while it holds nothing, until a transaction may take a stream or is the next one to take it. It is only a hint: the
 * next attempt may find the stream busy again.
 * @throws MeridianError `unavailable`, `misdirected`: make the next attempt
 */
export async function waitForTurn(ports: AppendPorts, { stream, attempt, remaining, ...me }: Turn): Promise<void> {
  const { runtime, events } = ports;
  const begun = runtime.elapsed();
  const end = begun + Math.min(TURN_MS, remaining - MIN_ATTEMPT_MS);
  /** Sleeps, and not for longer than the turn. */
  const pause = (milliseconds: number) => runtime.sleep(Math.max(0, Math.min(milliseconds, end - runtime.elapsed())));
  const commitId = attemptIdOf({ transaction: me.transaction, attempt });
  const draft = await Draft.open(ports, {
    stream: parseStreamRef(stream),
    commitId,
    fingerprint: '',
    meta: {},
    isNew: true,
  });
  let freeSince: number | undefined;
  let hasWaited = false;
  while (runtime.elapsed() < end) {
    const drafted = await draft.next({ asks: 'end', waiter: me });
    if (drafted.kind === 'held') {
      const holder = await markedBy(ports, me, drafted.by);
      // As the next one it waits in its next attempt. If that was in vain, it waits here, where it holds nothing.
      const wasInVain = draft.watch.waited >= patienceWith(holder, me);
      if (holder.tx?.state === 'prepared' && isNext(me, holder) && !wasInVain) return;
    } else if (drafted.kind === 'unchanged') {
      const tail = await events.loadLog(stream, draft.log, drafted.position - 1);
      draft.history.add(tail);
      if (tail.length > 0) continue;
      const last = draft.history.lastOf(draft.log);
      freeSince ??= runtime.elapsed();
      // A free position is kept for an older transaction for a short time.
      if (!last || !isKept(runtime, last, me) || runtime.elapsed() - freeSince >= KEPT_FOR_NEXT_MS) break;
    } else return pause(NO_TURN_MS);
    await pause(pollPause(runtime, TURN_POLL_MS, runtime.elapsed() - begun));
    hasWaited = true;
  }
  // The attempt found the stream busy, and it is free: others may be faster again. Then the next one shall not follow at once.
  if (!hasWaited) await pause(backoff(runtime, attempt - 1));
}

export interface TurnPorts extends AppendPorts {
  /** The `turn` functions of the other Regions. */
  readonly turns: Remote;
}

/**
 * Waits for a turn in the home Region of its stream. Any other Region passes it on: one cross-Region round trip.
 * @throws MeridianError `unavailable`, `misdirected`, `region-unreachable`: make the next attempt; ZodError: not a request of ours
 */
export async function turnStep(ports: TurnPorts, asked: unknown): Promise<TurnAnswer> {
  const { runtime } = ports;
  const request = turnRequestSchema.parse(asked);
  const { transaction, stream, attempt } = request;
  if ('remaining' in request) adoptPassedOn(ports, stream, request);
  const turn: Turn = { transaction, stream, attempt, ...timesOf(runtime, request) };
  const begun = runtime.elapsed();
  const ref = parseStreamRef(stream);
  const writer = await writerOf(ports, ref);
  try {
    await turnAt(ports, turn, writer);
  } catch (error) {
    if (!(await follow(ports, ref, writer, error))) throw error;
    // Once only: a stream that goes on moving is not waited for.
    const remaining = turn.remaining - (runtime.elapsed() - begun);
    await turnAt(ports, { ...turn, remaining }, await writerOf(ports, ref));
  }
  return { kind: 'turn' };
}

async function turnAt(ports: TurnPorts, turn: Turn, writer: Writer): Promise<void> {
  const { runtime, turns } = ports;
  if (writer.region === ports.region) return waitForTurn(ports, turn);
  try {
    turnAnswerSchema.parse(
      await turns.invoke(writer.region, passedOn({ step: 'turn', ...turn }, writer), PARTICIPANT_CALL_MS),
    );
  } catch (error) {
    if (!(error instanceof ThrottledError)) throw error;
    // As many as may wait in the home wait already.
    await runtime.sleep(NO_TURN_MS);
  }
}
