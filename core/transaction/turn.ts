import { streamTypeOf } from '../definition/domain.ts';
import type { Commit } from '../facts/commit.ts';
import { finalOf } from '../facts/decision.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { isOlder, mayBeNext, type Waiter } from '../facts/waiter.ts';
import {
  KEPT_FOR_NEXT_MS,
  LOOK_MS,
  MIN_ATTEMPT_MS,
  NEXT_POLL_MS,
  TURN_MS,
  TURN_POLL_MS,
  WAIT_FOR_OLDER_MS,
  WAIT_FOR_YOUNGER_MS,
} from '../limits/budgets.ts';
import { decisionHere } from '../log/decisions.ts';
import { pollPause } from '../retry.ts';
import { holderOf, stateIfReached } from '../write/intents.ts';
import { type AppendPorts, loadWarm } from '../write/writer.ts';

// Who takes a stream next that several transactions want: the oldest one. Only that one waits while it holds other streams, so
// no two transactions wait for each other. Marks are hints: the position still goes to the first that writes it.

/** A transaction's wait for one stream, while an attempt of it may hold others. */
export class NextInLine {
  readonly #ports: AppendPorts;
  readonly #me: Waiter;
  readonly #attemptId: string;
  /** When the wait has to end, by `elapsed`. */
  readonly #end: number;
  #kept: number | undefined;

  /** @param deadline of the attempt, by `elapsed` */
  constructor(ports: AppendPorts, me: Waiter, attemptId: string, deadline: number) {
    this.#ports = ports;
    this.#me = me;
    this.#attemptId = attemptId;
    this.#end = deadline - MIN_ATTEMPT_MS;
  }

  /**
   * Waits until the holder of a stream may be final, as long as this transaction is next.
   * @returns false if the attempt should release what it holds: another one is next, or the patience is at its end
   */
  async waitFor(held: Commit): Promise<boolean> {
    const { runtime, events } = this.#ports;
    let holder: Commit | undefined = held;
    if (held.tx?.next?.transaction !== this.#me.transaction) {
      if (!mayBeNext(this.#me, held.tx?.next)) return false;
      holder = await events.mark(held, this.#me);
    }
    const patience = isOlder(this.#me, holderOf(held)) ? WAIT_FOR_YOUNGER_MS : WAIT_FOR_OLDER_MS;
    const end = Math.min(runtime.elapsed() + patience, this.#end);
    for (let looked = runtime.elapsed(); ; ) {
      if (holder?.tx?.state !== 'prepared') return true;
      if (holder.tx.next?.transaction !== this.#me.transaction) return false;
      if (runtime.elapsed() >= end) return false;
      await runtime.sleep(pollPause(runtime, NEXT_POLL_MS));
      const [tail, state] = await Promise.all([
        events.loadLog(held.stream, held.log, held.position - 1),
        stateIfReached(this.#ports, holder, { isLocal: true, waiter: this.#me }),
      ]);
      if (state || tail.length > 1) return true;
      holder = tail[0];
      if (runtime.elapsed() - looked < LOOK_MS) continue;
      looked = runtime.elapsed();
      if (await decisionHere(this.#ports, this.#attemptId)) return false;
    }
  }

  /**
   * Leaves a free position to the transaction that is next there, for a short time, if that is an older one.
   * @param last the last commit before the position
   * @returns the commits that took it meanwhile
   */
  async keep(last: Commit | undefined): Promise<readonly Commit[]> {
    const { runtime, events } = this.#ports;
    const next = last?.tx?.next;
    if (!last || !next || mayBeNext(this.#me, next) || this.#kept === last.position) return [];
    this.#kept = last.position;
    for (const end = runtime.elapsed() + KEPT_FOR_NEXT_MS; runtime.elapsed() < end; ) {
      await runtime.sleep(pollPause(runtime, NEXT_POLL_MS));
      const tail = await events.loadLog(last.stream, last.log, last.position);
      if (tail.length > 0) return tail;
    }
    return [];
  }
}

/**
 * Waits, while it holds nothing, until a transaction may take a stream or is the next one to take it. It is only a hint: the
 * next attempt may find the stream busy again.
 * @param remaining milliseconds until the transaction's deadline
 */
export async function waitForTurn(
  ports: AppendPorts,
  { stream, remaining, ...me }: Waiter & { readonly stream: string; readonly remaining: number },
): Promise<void> {
  const { runtime, events, log, domain } = ports;
  const ref = parseStreamRef(stream);
  streamTypeOf(domain, ref.type);
  const end = runtime.elapsed() + Math.min(TURN_MS, remaining - MIN_ATTEMPT_MS);
  const history = ports.warm.get(ref.name)?.history ?? (await loadWarm(ports, ref));
  let after = history.lastDecidedPosition(log) - 1;
  let freeSince: number | undefined;
  while (runtime.elapsed() < end) {
    let last = (await events.loadLog(ref.name, log, after)).at(-1);
    if (last?.tx?.state === 'prepared') {
      const state = await stateIfReached(ports, last, { isLocal: true, waiter: me });
      if (state) {
        await events.finalise(last, state);
        last = finalOf(last, state);
      } else if (mayBeNext(me, last.tx.next)) last = await events.mark(last, me);
    }
    if (!last?.tx?.next || mayBeNext(me, last.tx.next)) return;
    // The transaction that is next is older. A free position is kept for it for a short time.
    if (last.tx.state === 'prepared') freeSince = undefined;
    else freeSince ??= runtime.elapsed();
    if (freeSince !== undefined && runtime.elapsed() - freeSince >= KEPT_FOR_NEXT_MS) return;
    after = last.position - 1;
    await runtime.sleep(pollPause(runtime, TURN_POLL_MS));
  }
}
