import type { LineOf } from '../history.ts';

export type StreamType = LineOf<'history'>['types'][string];

/** The name of a stream's type: `flight` of `flight/17`. */
export function typeNameOf(stream: string): string {
  return stream.slice(0, stream.indexOf('/'));
}

/** A stream's id, without its type. */
export function idOf(stream: string): string {
  return stream.slice(stream.indexOf('/') + 1);
}
