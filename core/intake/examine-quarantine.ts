import { bytesAtMost } from '../delivery/deliver.ts';
import { inChunks } from '../facts/chunks.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { SQS_BATCH_ENTRIES } from '../limits/aws.ts';
import { QUARANTINE_ANSWER_BYTES, QUARANTINE_LOOK_MS } from '../limits/budgets.ts';
import type { HeldMessage, Quarantine } from '../ports/quarantine.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { ActionRequest, Quarantined } from '../wire/operate.ts';
import { quarantinedOf } from './quarantined.ts';

export interface ExaminePorts {
  readonly quarantine: Quarantine;
  readonly runtime: Pick<Runtime, 'elapsed'>;
}

/** The messages to look for, and their maximum number. */
export type Choice = ActionRequest<'quarantine-list'>;

/** A message received and chosen. */
export interface Chosen {
  readonly held: HeldMessage;
  readonly message: Quarantined;
}

interface Examination {
  readonly choice: Choice;
  /** Milliseconds for which received messages are hidden from other consumers. */
  readonly hold: number;
  /** Milliseconds since 1970: messages sent later are not chosen. @default all */
  readonly before?: number;
  /** Called with the chosen messages, batch by batch; their total is bounded by `limit` and the size of a response. */
  take(chosen: readonly Chosen[]): Promise<void> | void;
}

interface Examined {
  /** All received messages, by id. */
  readonly held: ReadonlyMap<string, HeldMessage>;
  /** Chosen messages beyond the limit of count or size. */
  readonly surplus: readonly HeldMessage[];
  /** True if all visible messages were received, or all requested ids were found. */
  readonly complete: boolean;
}

/**
 * Receives messages and passes on the chosen ones batch by batch.
 * @throws MeridianError `unavailable`; what `take` throws
 */
export async function examineQuarantine(
  { quarantine, runtime }: ExaminePorts,
  { choice, hold, before = Number.POSITIVE_INFINITY, take }: Examination,
): Promise<Examined> {
  const { ids, filter, limit } = choice;
  const held = new Map<string, HeldMessage>();
  const wanted = ids && new Set(ids);
  const most = Math.min(limit, wanted?.size ?? limit);
  const begun = runtime.elapsed();
  let surplus: readonly HeldMessage[] = [];
  let taken = 0;
  let room = QUARANTINE_ANSWER_BYTES;
  while (taken < most && surplus.length === 0 && runtime.elapsed() - begun < QUARANTINE_LOOK_MS) {
    const received = await quarantine.receive(hold);
    const fresh = received.filter(({ id }) => !held.has(id));
    // All messages have been received if a batch is empty, or holds only messages received before.
    if (fresh.length === 0) return { held, surplus, complete: true };
    for (const message of received) held.set(message.id, message);
    const chosen = fresh
      .filter(({ id, sentAt }) => sentAt <= before && (!wanted || wanted.has(id)))
      .map((message) => ({ held: message, message: quarantinedOf(message) }))
      .filter(({ message }) => matches(message, filter));
    const sizes = chosen.map(({ message }) => bytesAtMost(JSON.stringify(message)));
    const fitting = countFitting(sizes, room, taken === 0);
    const taking = chosen.slice(0, Math.min(fitting, most - taken));
    surplus = chosen.slice(taking.length).map(({ held }) => held);
    taken += taking.length;
    room -= sizes.slice(0, taking.length).reduce((sum, size) => sum + size, 0);
    await take(taking);
  }
  // If all requested ids were found, the remaining messages are not needed.
  return { held, surplus, complete: wanted !== undefined && taken === wanted.size };
}

/** Counts how many of the first sizes fit into `room` together; at least one if `always`. */
function countFitting(sizes: readonly number[], room: number, always: boolean): number {
  let left = room;
  let count = 0;
  for (const size of sizes) {
    if (size > left && !(always && count === 0)) break;
    left -= size;
    count++;
  }
  return count;
}

function matches({ reason, stream }: Quarantined, filter: Choice['filter']): boolean {
  return (
    (filter.reason === undefined || reason.toLowerCase().includes(filter.reason.toLowerCase())) &&
    (filter.stream === undefined ||
      stream === filter.stream ||
      (stream !== undefined && parseStreamRef(stream).type === filter.stream))
  );
}

/** Makes messages visible again. Those that cannot be released become visible when their timeout expires. */
export async function releaseMessages(quarantine: Quarantine, messages: readonly HeldMessage[]): Promise<void> {
  await Promise.allSettled(inChunks(messages, SQS_BATCH_ENTRIES).map((batch) => quarantine.release(batch)));
}
