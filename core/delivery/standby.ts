import { entryFor, isComplete } from '../facts/placement.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { SQS_MAX_DELAY_S } from '../limits/aws.ts';
import { HANDOVER_MS, STANDBY_MS } from '../limits/budgets.ts';
import type { KnownPlacement } from '../placement/known-placement.ts';
import type { Progress } from '../ports/progress.ts';
import type { Runtime } from '../ports/runtime.ts';
import type { AnnouncedOutcome } from '../wire/announcement.ts';
import type { SubscribedEvent } from '../wire/bus-event.ts';
import { comparePlaces } from './log-order.ts';

/** The log in which the handling of outcomes is recorded. */
export const OUTCOME_LOG = 'outcome';

/** Where a subscriber is that one Region runs at a time: the Region that acts for its home. */
export interface Station {
  /** The Region of this instance. */
  readonly region: string;
  /** The Region that the subscriber is named to. */
  readonly home: string;
  readonly placement: KnownPlacement;
  /** Milliseconds after which an invocation in another Region has ended: the timeout of the function. */
  readonly stopMs: number;
}

/** What a message of a subscriber is about. */
export type Announced = { readonly event: SubscribedEvent } | { readonly outcome: AnnouncedOutcome };

/**
 * How long a message is left alone here, in milliseconds. 0: this Region is active, and handles it. Otherwise another Region does; or this one
 * does soon, when the one before it has certainly stopped: its processes know of the move after 2 s, and what they had started ends with
 * their invocation. A forced move does not wait, since the Region is lost.
 * @throws MeridianError `unavailable`, retryable
 */
export async function idleMs(
  { region, home, placement, stopMs }: Station,
  { now }: Pick<Runtime, 'now'>,
  of: Announced,
): Promise<number> {
  if (!placement.isFresh) await placement.reread();
  const entry =
    'event' in of ? entryFor(placement.known, home, parseStreamRef(of.event.stream).type) : placement.known[home];
  if ((entry?.acting ?? home) !== region) return STANDBY_MS;
  if (!entry || entry.kind === 'forced' || isComplete(entry)) return 0;
  return Math.min(SQS_MAX_DELAY_S * 1000, Math.max(0, entry.at + stopMs + HANDOVER_MS - now()));
}

/** True if some Region is known here to have handled it. @throws MeridianError `unavailable`, retryable */
export async function isHandled(progress: Pick<Progress<never>, 'last'>, of: Announced): Promise<boolean> {
  if ('outcome' in of) return (await progress.last(of.outcome.id, OUTCOME_LOG)) !== undefined;
  const { stream, meta } = of.event;
  const last = await progress.last(stream, meta.log);
  return last !== undefined && comparePlaces(meta, last) <= 0;
}
