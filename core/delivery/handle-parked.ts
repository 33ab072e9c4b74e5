import { MeridianError } from '../facts/errors.ts';
import type { Place } from '../ports/progress.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';
import { EventsRemain } from './held-up.ts';
import { followsPlace } from './log-order.ts';
import type { SubscribePorts } from './subscriber.ts';
import { takeTurn } from './take-turn.ts';

/** Parked events read per page. */
const PAGE = 10;

/**
 * Handles the events parked behind the current one, even if that one fails: their own messages may be in the
 * dead-letter queue, and the instance that handled their predecessor may have crashed.
 * @returns the last handled place of the log, as far as this instance knows
 * @throws MeridianError, retryable: parked events remain, so the event's message must be redelivered
 */
export async function handleParked<Effect>(
  ports: SubscribePorts<Effect>,
  event: SubscribedEvent,
  last: Place,
  deadline: number,
): Promise<Place | undefined> {
  try {
    return await drain(ports, event, last, deadline);
  } catch (error) {
    if (error instanceof MeridianError && error.retryable) throw error;
    // A parked event that cannot be handled does not fail the current event: its failure is reported for its own
    // message.
    return last;
  }
}

/** Handles parked events after a place, until one is missing or another instance is handling them. */
async function drain<Effect>(
  ports: SubscribePorts<Effect>,
  { id, stream, meta: { log } }: SubscribedEvent,
  from: Place,
  deadline: number,
): Promise<Place | undefined> {
  let last = from;
  for (;;) {
    const page = await ports.progress.parked(stream, log, last, PAGE);
    for (const { event: next } of page) {
      if (!followsPlace(last, next)) return last;
      if (ports.runtime.elapsed() > deadline) throw new EventsRemain(id);
      const taken = await takeTurn(ports, next, last, deadline);
      if (taken.went !== 'handled') return taken.last;
      last = next.meta;
    }
    if (page.length < PAGE) return last;
  }
}
