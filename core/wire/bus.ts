import { SHARED_LOG } from '../facts/commit.ts';

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
  | { readonly 'anything-but': readonly string[] | { readonly prefix: string } }
  | { readonly exists: false };

export interface EventPattern {
  readonly source?: readonly PatternValue[];
  readonly 'detail-type'?: readonly PatternValue[];
  readonly detail?: {
    readonly meta: { readonly region: readonly PatternValue[]; readonly log?: readonly PatternValue[] };
  };
}

/** Sources with this prefix are reserved for Meridian: the bus policy allows them to its roles only. */
export const SOURCE_PREFIX = 'meridian.';

export const APPEND = 'meridian.append';

export const COMMAND = 'meridian.command';

export const TRANSACT = 'meridian.transact';

export const RECEIPT_SOURCE = `${SOURCE_PREFIX}receipt`;

/** Producers' messages → the ingest queue. */
export const ingestPattern: EventPattern = {
  source: [{ 'anything-but': { prefix: SOURCE_PREFIX } }],
  'detail-type': [APPEND, COMMAND, TRANSACT],
};

/** Every Region itself publishes the events of a log that all Regions write. */
const OWN_LOG: PatternValue = { 'anything-but': [SHARED_LOG] };

/**
 * Events of the domain written in `region`, and announcements, which have no log → another Region's bus. The Region in `detail` is the
 * same on every bus, so events cannot loop.
 */
export function forwardPattern(region: string): EventPattern {
  return {
    source: [{ prefix: SOURCE_PREFIX }],
    detail: { meta: { region: [region], log: [OWN_LOG, { exists: false }] } },
  };
}

/** Events of other Regions, of the types that at least one view is computed from → the projection queue. */
export function fastPathPattern(region: string, projectedTypes: Iterable<string>): EventPattern {
  return {
    source: [...projectedTypes].map((type) => SOURCE_PREFIX + type),
    detail: { meta: { region: [{ 'anything-but': [region] }], log: [OWN_LOG] } },
  };
}
