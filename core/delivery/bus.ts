import { type Commit, eventId, splitStream } from '../log/commit.ts';
import { encodeVersion } from '../log/version.ts';
import { type Decision, drivingRegionOf, OUTCOME_TYPE } from '../transaction/transaction.ts';

/** One entry of EventBridge's PutEvents; `detail` is JSON. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: string;
}

/** The part of EventBridge's pattern language that Meridian's rules use. */
export type PatternValue =
  | string
  | { readonly prefix: string }
  | { readonly 'anything-but': readonly string[] | { readonly prefix: string } };
export interface EventPattern {
  readonly source?: readonly PatternValue[];
  readonly 'detail-type'?: readonly PatternValue[];
  readonly detail?: { readonly meta: { readonly region: readonly PatternValue[] } };
}

/** Sources that begin so are Meridian's own: the bus policy keeps them to its roles. */
export const SOURCE_PREFIX = 'meridian.';
export const APPEND = 'meridian.append';
export const COMMAND = 'meridian.command';
export const TRANSACT = 'meridian.transact';
export const OUTCOME_SOURCE = `${SOURCE_PREFIX}outcome`;

/** What producers put → the ingress queue. */
export const ingressPattern: EventPattern = {
  source: [{ 'anything-but': { prefix: SOURCE_PREFIX } }],
  'detail-type': [APPEND, COMMAND, TRANSACT],
};

/**
 * The domain's events born in `region` → another Region's bus. The Region is the one in `detail`: it stays what it was
 * on every bus, so nothing goes round in a loop.
 */
export function forwardPattern(region: string): EventPattern {
  return {
    source: [{ prefix: SOURCE_PREFIX }],
    detail: { meta: { region: [region] } },
  };
}

/** Other Regions' events of the types that some view is computed from → the projection queue. */
export function fastPathPattern(region: string, projectedTypes: Iterable<string>): EventPattern {
  return {
    source: [...projectedTypes].map((type) => SOURCE_PREFIX + type),
    detail: { meta: { region: [{ 'anything-but': [region] }] } },
  };
}

/**
 * Events of these stream types, written in any Region or in `regions` only → a subscriber's queue. Whole logs, so that each
 * event's predecessor comes too: by the events' types there is no choosing.
 */
export function subscriptionPattern(streamTypes: readonly string[], regions?: readonly string[]): EventPattern {
  return {
    source: streamTypes.map((type) => SOURCE_PREFIX + type),
    ...(regions && { detail: { meta: { region: regions } } }),
  };
}

/** A commit's events as they go out: one entry an event. */
export function entriesOf(commit: Commit): readonly BusEntry[] {
  const { stream, log, position, commitId, request, previous, context, hlc, region, meta, events } = commit;
  return events.map(({ type, version, data }, index) => ({
    source: SOURCE_PREFIX + splitStream(stream).type,
    detailType: type,
    detail: JSON.stringify({
      id: eventId(commit, index),
      stream,
      data,
      version,
      meta: { ...meta, region, log, position, previous, index, count: events.length, context, hlc, commitId, request },
    }),
  }));
}

/** The outcome of a transaction, as it goes out. Its `id` is the same on every delivery. */
export function announcementOf({ transaction, participants, reason, decidedAt }: Decision): BusEntry {
  return {
    source: SOURCE_PREFIX + OUTCOME_TYPE,
    detailType: reason ? 'TransactionAborted' : 'TransactionCommitted',
    detail: JSON.stringify({
      id: `${OUTCOME_TYPE}/${transaction}`,
      transaction,
      ...(reason
        ? { reason: reason.problem, participant: reason.stream }
        : {
            participants: participants.map(({ version, ...intent }) => ({
              ...intent,
              version: encodeVersion(intent.stream, version),
            })),
          }),
      // Where it is announced, and forwarded from; who decided may be another Region.
      meta: { region: drivingRegionOf(transaction), decidedAt: new Date(decidedAt).toISOString() },
    }),
  };
}

/** What became of an envelope that came in over the bus; it stays on the bus of the Region that decided. */
export function outcomeEntry(outcome: 'Accepted' | 'Rejected', detail: Readonly<Record<string, unknown>>): BusEntry {
  return {
    source: OUTCOME_SOURCE,
    detailType: outcome,
    detail: JSON.stringify(detail),
  };
}
