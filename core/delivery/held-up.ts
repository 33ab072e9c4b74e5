import { MeridianError } from '../facts/errors.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import type { Runtime } from '../ports/runtime.ts';
import { bytesAtMost, deliverInBatches } from './deliver.ts';

/** The result of a message that was not tried, because it is held up by others. */
export class HeldUp {
  readonly why: unknown;
  /** Milliseconds until it is worth another look. */
  readonly delay: number;

  constructor(why: unknown, delay: number) {
    this.why = why;
    this.delay = delay;
  }
}

/** An event was handled, but no time was left for those parked behind it. */
export class EventsRemain extends MeridianError {
  constructor(id: string) {
    super(
      'unavailable',
      `Events parked behind ${id} remain, and the batch ran out of time. Redeliver this event to continue.`,
      { retryable: true },
    );
  }
}

interface SendPorts {
  readonly waiting?: DelayedQueue | undefined;
  readonly runtime: Pick<Runtime, 'sleep' | 'random' | 'metric'>;
}

/**
 * Sends the messages that were held up to their queue again, since each redelivery would count as a failed attempt.
 * Without a queue, or if it does not accept a message, the message has to be redelivered.
 * @returns the results in the same order, with undefined for a message that was sent again
 */
export async function sendHeldUp(
  { waiting, runtime }: SendPorts,
  bodies: readonly string[],
  answers: readonly unknown[],
): Promise<readonly unknown[]> {
  const held = bodies.flatMap((body, at) => {
    const answer = answers[at];
    return answer instanceof HeldUp ? [{ at, body, ...answer }] : [];
  });
  const result = new Map(held.map(({ at, why }) => [at, why]));
  if (waiting) {
    const refused = await deliverInBatches(
      held,
      ({ body }) => bytesAtMost(body),
      (batch) => waiting.send(batch.map(({ body, delay }) => ({ body, delay }))),
      runtime,
    );
    for (const [i, { at }] of held.entries()) if (refused[i] === undefined) result.delete(at);
    const sent = held.length - result.size;
    if (sent > 0) runtime.metric('HeldUp', 'Count', sent);
  }
  return answers.map((answer, at) => (answer instanceof HeldUp ? result.get(at) : answer));
}
