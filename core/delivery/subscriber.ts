import type { SubscribeFrom } from '../names.ts';
import type { Progress } from '../ports/progress.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';

/**
 * Where to start in a log of which no event has been handled yet.
 * - `beginning`: at its first event. An event whose predecessors were published before the subscriber existed waits
 *   for them: republish them.
 * - `first-seen`: at the earliest event that has arrived, once it has waited for {@link FIRST_EVENT_WAIT_MS}. Any
 *   earlier event that arrives after that is skipped.
 */
export type From = SubscribeFrom;

export interface SubscribePorts<Effect> {
  readonly from: From;
  readonly progress: Progress<Effect>;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random' | 'metric'>;
  /**
   * Returns the effects of an event. It may be called several times for one event, also concurrently; only one result
   * is stored. Its own side effects happen as often as it is called.
   */
  handle(event: SubscribedEvent): readonly Effect[] | Promise<readonly Effect[]>;
}
