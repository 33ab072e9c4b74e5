import { bytesAtMost } from '../delivery/deliver.ts';
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

/** Which messages are looked for, and how many of them at most. */
export type Choice = ActionRequest<'quarantine-list'>;

/** A message that is held and chosen. */
export interface Chosen {
  readonly held: HeldMessage;
  readonly message: Quarantined;
}

interface Examination {
  readonly choice: Choice;
  /** For so long what is looked at is hidden from others, in milliseconds. */
  readonly hold: number;
  /** Milliseconds since 1970: only messages sent until then are chosen. @default all */
  readonly before?: number;
  /** Gets the chosen ones of one receive, no more than the choice's `limit` and than an answer holds in all. */
  take(chosen: readonly Chosen[]): Promise<void> | void;
}

interface Examined {
  /** Every message that was held, by its id. */
  readonly held: ReadonlyMap<string, HeldMessage>;
  /** Those that were chosen, but too many or too large. */
  readonly surplus: readonly HeldMessage[];
  /** Whether none was left that nobody holds, or all that were named are here. */
  readonly complete: boolean;
}

/**
 * Takes hold of messages and shows the chosen ones batch by batch.
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
    // Also when only what is held already comes, a second time: then all has come.
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
  // Whoever has all the messages that he named does not need the rest.
  return { held, surplus, complete: wanted !== undefined && taken === wanted.size };
}

/** How many of the first fit into the room; one at least if `always`. */
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

/** Shows messages to everybody again. Those that cannot be released come back by themselves when their time is up. */
export async function releaseMessages(quarantine: Quarantine, messages: readonly HeldMessage[]): Promise<void> {
  const batches = Array.from({ length: Math.ceil(messages.length / SQS_BATCH_ENTRIES) }, (_, i) =>
    messages.slice(i * SQS_BATCH_ENTRIES, (i + 1) * SQS_BATCH_ENTRIES),
  );
  await Promise.allSettled(batches.map((batch) => quarantine.release(batch)));
}
