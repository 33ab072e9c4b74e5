import type { History, Line, LineOf } from '../history.ts';

/** All lines of one kind, in their order. */
export function linesOf<Name extends Line['line']>(history: History, name: Name): readonly LineOf<Name>[] {
  const isNamed = (line: Line): line is LineOf<Name> => line.line === name;
  return history.filter(isNamed);
}

export type StreamType = LineOf<'history'>['types'][string];

/** What the header says. @returns a function that returns the type of a stream; undefined if the header has none of that name */
export function typesIn(history: History): (stream: string) => StreamType | undefined {
  const types = new Map(linesOf(history, 'history').flatMap((header) => Object.entries(header.types)));
  return (stream) => types.get(typeNameOf(stream));
}

/** The name of a stream's type: `flight` of `flight/17`. */
export function typeNameOf(stream: string): string {
  return stream.slice(0, stream.indexOf('/'));
}

/** A stream's id, without its type. */
export function idOf(stream: string): string {
  return stream.slice(stream.indexOf('/') + 1);
}
