import type { SubscribeFrom } from '../names.ts';
import type { DelayedQueue } from '../ports/delayed-queue.ts';
import type { Progress } from '../ports/progress.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { AnnouncedOutcome } from '../wire/announcement.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';
import type { Station } from './standby.ts';

export interface SubscribePorts<Effect> {
  /**
   * Where to start in a log without a handled event: see `SubscriberDefinition`. `first-seen` waits for {@link
   * FIRST_EVENT_WAIT_MS}.
   */
  readonly from: SubscribeFrom;
  readonly progress: Progress<Effect>;
  readonly runtime: Pick<Runtime, 'now' | 'elapsed' | 'sleep' | 'random' | 'metric'>;
  /**
   * Returns the effects of an event. It may be called several times for one event, also concurrently; only one result
   * is stored. Its own side effects happen on every call.
   */
  handle(event: SubscribedEvent): readonly Effect[] | Promise<readonly Effect[]>;
}

/** Handles events of the bus, and outcomes of transactions. */
export interface MessagePorts<Effect> extends Omit<SubscribePorts<Effect>, 'progress'> {
  /** Undefined: nothing is recorded, so an event that is delivered twice is handled twice, and there is no order. */
  readonly progress: Progress<Effect> | undefined;
  /**
   * The queue that the messages came from, for those that were not tried. @default they are redelivered, which counts as
   * a failed attempt
   */
  readonly waiting?: DelayedQueue | undefined;
  /** Where it is, if one Region runs it at a time; it has `progress` then. @default this Region handles all that arrives */
  readonly station?: Station | undefined;
  /**
   * Returns the effects of an outcome. Like `handle`, it may be called several times. @default outcomes are not
   * handled, and stay in the queue
   */
  outcome?(outcome: AnnouncedOutcome): readonly Effect[] | Promise<readonly Effect[]>;
}
