// The home of a single stream after it has moved: the newest pin of the stream names it, instead of the stream's id.

import type { Commit } from './commit.ts';
import type { Dot } from './version.ts';

/**
 * A pin's place in the order of the pins of its stream: by the forced moves behind it, then by its number, then by the Region that put
 * it. A Region that is taken for lost may go on to pin streams: its pins are older than those of Regions that know of the forced move.
 */
export interface PinKey {
  /** The forced moves behind the entry under which it was put, or behind the pin before it, whichever are more. */
  readonly forced: number;
  /** 1, 2, 3 …: one more than that of the pin before it. */
  readonly number: number;
  /** The Region that put it. */
  readonly by: string;
}

/**
 * An empty commit that moves the home of its stream, put by the Region that writes the stream until then: from there on its home is
 * `to`, and the entries of the placement are those for that home.
 */
export interface Pin {
  readonly key: PinKey;
  readonly to: string;
}

/** A pin with its place. */
export interface PinAt extends Pin, Dot {}

/** Orders the keys of the pins of a stream, oldest first. A missing one is older than all: it is that of the home by the id. */
export function comparePinKeys(a: PinKey | undefined, b: PinKey | undefined): number {
  if (!a || !b) return Number(a !== undefined) - Number(b !== undefined);
  return a.forced - b.forced || a.number - b.number || Number(a.by > b.by) - Number(a.by < b.by);
}

/** The newer one of two pins of a stream. */
export function newerPin<P extends Pin>(a: P | undefined, b: P | undefined): P | undefined {
  return comparePinKeys(a?.key, b?.key) < 0 ? b : a;
}

/** The start of the commitId of a pin: no request may have such an id. */
const PIN_PREFIX = 'pin:';

/** The commitId of a pin, which says all about it. */
export function pinIdOf({ key, to }: Pin): string {
  return `${PIN_PREFIX}${pinKeyText(key)}:${to}`;
}

/** A key as a part of a commitId. */
export function pinKeyText({ forced, number, by }: PinKey): string {
  return `${forced}.${number}.${by}`;
}

const PIN_ID = /^pin:(?<key>[^:]+):(?<to>[^:]+)$/;
const PIN_KEY = /^(?<forced>\d+)\.(?<number>\d+)\.(?<by>[^.:]+)$/;

/** The key that a part of a commitId is; undefined if it is none. */
export function pinKeyIn(text: string): PinKey | undefined {
  const { forced, number, by } = PIN_KEY.exec(text)?.groups ?? {};
  return by === undefined ? undefined : { forced: Number(forced), number: Number(number), by };
}

/** The pin that a commit is; undefined if it is none. */
export function pinIn({ commitId, events }: Pick<Commit, 'commitId' | 'events'>): Pin | undefined {
  if (events.length > 0 || !commitId.startsWith(PIN_PREFIX)) return undefined;
  const { key = '', to } = PIN_ID.exec(commitId)?.groups ?? {};
  const parsed = pinKeyIn(key);
  return parsed && to !== undefined ? { key: parsed, to } : undefined;
}
