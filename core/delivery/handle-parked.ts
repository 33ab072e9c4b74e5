import { MeridianError } from '../facts/errors.ts';
import { BEGIN_MS } from '../limits/budgets.ts';
import type { Place } from '../ports/progress.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';
import { followsPlace } from './log-order.ts';
import type { SubscribePorts } from './subscriber.ts';
import { takeTurn } from './take-turn.ts';

/** Parked events that are read at once. */
const PAGE = 10;

/**
 * Goes on with what is parked, whatever became of the event that came: the messages of what is parked may have ended in
 * the dead-letter queue, and who went on before may have died.
 * @returns how far the log is handled then, as far as this one knows
 * @throws MeridianError, retryable: it has to be gone on with, so the event's message has to come again
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
    // That the parked one cannot be handled is no fault of this event; its own message tells.
    return last;
  }
}

/** Handles what is parked behind a place, until something is missing or another instance is at it. */
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
      if (ports.runtime.elapsed() > deadline)
        throw new MeridianError(
          'unavailable',
          `Behind ${id} there was more to do than ${BEGIN_MS / 1000} s were enough for.`,
          {
            retryable: true,
          },
        );
      const taken = await takeTurn(ports, next, last, deadline);
      if (taken.went !== 'handled') return taken.last;
      last = next.meta;
    }
    if (page.length < PAGE) return last;
  }
}
