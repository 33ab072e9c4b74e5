import { FIRST_EVENT_WAIT_MS, WAITING_MS } from '../limits/budgets.ts';
import type { Place, Wait } from '../ports/progress.ts';
import { Retries } from '../retry.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';
import { comparePlaces, followsPlace, START } from './log-order.ts';
import { lostToOthers } from './lost-to-others.ts';
import type { SubscribePorts } from './subscriber.ts';

/**
 * An event that is to be looked at later than this has another message that does it: a message that was looked at is
 * redelivered after {@link WAITING_MS}, or if it could not be sent, after its visibility timeout, which is not shorter. The
 * rest is for clocks that differ.
 */
const COPY_MS = WAITING_MS / 2;

/** What happened to an event, and the last handled place of its log; undefined if no event of it was handled. */
export type Taken = { readonly last: Place | undefined } & (
  | { readonly went: 'handled' | 'before' }
  | ({ readonly went: 'waits' } & Wait)
);

/**
 * Handles an event if it is the next one of its log.
 * @param last the last handled place of its log when that was last read
 * @throws what `handle` throws; MeridianError `unavailable`, retryable
 */
export async function takeTurn<Effect>(
  { from, progress, runtime, handle }: SubscribePorts<Effect>,
  event: SubscribedEvent,
  last: Place | undefined,
  deadline: number,
): Promise<Taken> {
  const { stream, meta } = event;
  const begins = async () => {
    const [first] = await progress.parked(stream, meta.log, START, 1);
    return first?.event.id === event.id && runtime.now() - first.since >= FIRST_EVENT_WAIT_MS;
  };
  let wait: Wait | undefined;
  const retries = new Retries(runtime, deadline - runtime.elapsed());
  for (;;) {
    if (last && comparePlaces(meta, last) <= 0) return { went: 'before', last };
    if (!followsPlace(last ?? START, event) && (last || from === 'beginning' || !(await begins()))) {
      if (wait) return { went: 'waits', last, ...wait };
      const now = runtime.now();
      wait = await progress.park(event, now, { look: now + WAITING_MS, latest: now + COPY_MS });
      // Checks again: another instance may have handled the previous event and looked for parked events before this one
      // was parked.
    } else {
      if (await progress.advance(event, last, await handle(event))) {
        runtime.metric('Handled', 'Count', 1);
        return { went: 'handled', last: meta };
      }
      if (!(await retries.pause())) throw lostToOthers(event.id);
    }
    last = await progress.last(stream, meta.log);
  }
}
