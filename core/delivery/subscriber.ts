import type { SubscribeFrom } from '../names.ts';
import type { Progress } from '../ports/progress.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';

/**
 * Where a log begins that nothing of was handled yet.
 * - `beginning`: with its first event. One whose predecessors were published before there was a subscriber waits for them:
 *   publish them again.
 * - `first-seen`: with the earliest event that has come, once that has waited for {@link FIRST_EVENT_WAIT_MS}. One still
 *   earlier that comes after that is passed over.
 */
export type From = SubscribeFrom;

export interface SubscribePorts<Effect> {
  readonly from: From;
  readonly progress: Progress<Effect>;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random' | 'metric'>;
  /**
   * What an event does. It may be asked more than once about an event, also twice at the same time; of what it answers
   * only one answer is written. What it does by itself elsewhere may happen as often as it is asked.
   */
  handle(event: SubscribedEvent): readonly Effect[] | Promise<readonly Effect[]>;
}
