import { PUT_EVENTS_BYTES, PUT_EVENTS_ENTRIES } from '../limits/aws.ts';
import type { PermanentRefusal } from '../ports/bus.ts';
import type { Runtime } from '../ports/runtime.ts';
import { backoff } from '../retry.ts';
import type { BusEntry } from '../wire/bus.ts';

const SINGLE_TRIES = 3;

/** Sends one request; it may refuse single items, or throw for all of them. */
type Send<T, Refusal> = (batch: readonly T[]) => Promise<readonly (Refusal | undefined)[]>;

/**
 * Sends items in batches whose count and size fit one request of EventBridge and one of SQS. An item that fails in its
 * batch is retried alone, unless it can never be accepted.
 * @param bytesOf size of an item on the wire
 * @returns per item, in order: undefined if it was accepted, otherwise the reason
 */
export async function deliverInBatches<T, Refusal extends string | PermanentRefusal = string>(
  items: readonly T[],
  bytesOf: (item: T) => number,
  send: Send<T, Refusal>,
  runtime: Pick<Runtime, 'sleep' | 'random'>,
): Promise<readonly (Refusal | string | undefined)[]> {
  if (items.length === 0) return [];
  const answers: (Refusal | string | undefined)[] = [];
  for (const batch of batches(items, bytesOf)) {
    const answer = await trySend(batch, send);
    for (const [i, item] of batch.entries())
      answers.push(typeof answer[i] === 'string' ? await sendAlone(item, send, runtime) : answer[i]);
  }
  return answers;
}

async function sendAlone<T, Refusal extends string | PermanentRefusal>(
  item: T,
  send: Send<T, Refusal>,
  runtime: Pick<Runtime, 'sleep' | 'random'>,
): Promise<Refusal | string | undefined> {
  let failure: Refusal | string | undefined;
  for (let tries = 0; tries < SINGLE_TRIES; tries++) {
    await runtime.sleep(backoff(runtime, tries));
    failure = (await trySend([item], send))[0];
    if (typeof failure !== 'string') break;
  }
  return failure;
}

async function trySend<T, Refusal>(
  batch: readonly T[],
  send: Send<T, Refusal>,
): Promise<readonly (Refusal | string | undefined)[]> {
  try {
    return await send(batch);
  } catch (error) {
    return batch.map(() => String(error));
  }
}

function batches<T>(items: readonly T[], bytesOf: (item: T) => number): readonly (readonly T[])[] {
  const all: T[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const last = all.at(-1);
    if (last && last.length < PUT_EVENTS_ENTRIES && bytes + size <= PUT_EVENTS_BYTES) {
      last.push(item);
      bytes += size;
    } else {
      all.push([item]);
      bytes = size;
    }
  }
  return all;
}

/** Upper bound of a text's size in UTF-8; an exact count would cost more than it saves. */
export function bytesAtMost(text: string): number {
  return text.length * 3;
}

/** Upper bound of the size of an entry of the bus. */
export function entryBytes({ source, detailType, detail }: BusEntry): number {
  return bytesAtMost(source + detailType + detail);
}
