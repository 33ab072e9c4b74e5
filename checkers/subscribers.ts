// A subscriber handles every event, in the order of each log if it promises that, and each one counts once.
import type { Checker, Evidence } from './evidence/evidence.ts';
import { typeNameOf } from './evidence/names.ts';
import type { Stored } from './evidence/stored.ts';
import { showDot } from './evidence/version.ts';
import type { LineOf, Violation } from './history.ts';

type Handled = LineOf<'handled'>;

/** What subscribers have handled and counted, compared with the events that are visible in the end. */
export const subscribers: Checker = (evidence) => {
  const { stored } = evidence;
  if (stored.size === 0) return [];
  const groups = Map.groupBy(evidence.lines('handled'), ({ region, subscriber }) => `${subscriber} in ${region}`);
  return [
    ...evidence.lines('tallied').flatMap((tally) => miscounted(tally, stored)),
    ...[...groups].flatMap(([name, handled]) => [
      ...unhandled(name, handled, typesOf(evidence, handled), stored),
      ...outOfOrder(name, handled),
    ]),
  ];
};

function violationOf(property: string, what: string, ...streams: readonly string[]): Violation {
  return { property, what, ops: [], streams };
}

/** The ids of all visible events of some types, with their streams. */
function eventsOf(stored: ReadonlyMap<string, Stored>, isOf: (type: string) => boolean): ReadonlyMap<string, string> {
  const streams = [...stored.values()].filter(({ stream }) => isOf(typeNameOf(stream)));
  return new Map(
    streams.flatMap(({ stream, visible }) =>
      visible.flatMap(({ events }) => events.map(({ id }): [string, string] => [id, stream])),
    ),
  );
}

function miscounted(
  { subscriber, region, types, counts }: LineOf<'tallied'>,
  stored: ReadonlyMap<string, Stored>,
): readonly Violation[] {
  const name = `${subscriber} in ${region}`;
  const events = eventsOf(stored, (type) => !types || types.includes(type));
  const wrong = [...events].flatMap(([id, stream]) => {
    const count = Object.hasOwn(counts, id) ? counts[id] : 0;
    return count === 1
      ? []
      : [violationOf('each event counts once', `${name} has counted ${id} ${count} times`, stream)];
  });
  const others = Object.keys(counts).filter((id) => !events.has(id));
  return [
    ...wrong,
    ...others.map((id) => violationOf('each event counts once', `${name} has counted ${id}, which is not visible`)),
  ];
}

/** The types that a subscriber gets: those that it says, or of which it has handled an event in some Region. */
function typesOf(evidence: Evidence, [first]: readonly Handled[]): ReadonlySet<string> {
  const isOwn = ({ subscriber }: { readonly subscriber: string }) => subscriber === first?.subscriber;
  return new Set([
    ...evidence
      .lines('handled')
      .filter(isOwn)
      .map(({ stream }) => typeNameOf(stream)),
    ...evidence
      .lines('tallied')
      .filter(isOwn)
      .flatMap(({ types = [] }) => types),
  ]);
}

function unhandled(
  name: string,
  handled: readonly Handled[],
  types: ReadonlySet<string>,
  stored: ReadonlyMap<string, Stored>,
): readonly Violation[] {
  const seen = new Set(handled.map(({ event }) => event));
  const events = eventsOf(stored, (type) => types.has(type));
  const missing = [...events].filter(([id]) => !seen.has(id));
  const invented = handled.filter(({ event, stream }) => stored.has(stream) && !events.has(event));
  return [
    ...missing.map(([id, stream]) => violationOf('each event is handled', `${name} has not handled ${id}`, stream)),
    ...invented.map(({ event, stream }) =>
      violationOf('each event is handled', `${name} has handled ${event}, which is not visible`, stream),
    ),
  ];
}

/** Events that were first handled after later ones of their log. */
function outOfOrder(name: string, handled: readonly Handled[]): readonly Violation[] {
  const last = new Map<string, Handled>();
  const seen = new Set<string>();
  const isAfter = (a: Handled, b: Handled) => a.position - b.position || a.index - b.index;
  return handled
    .filter(({ promises }) => promises === 'in-order')
    .toSorted((a, b) => a.at - b.at)
    .flatMap((one) => {
      if (seen.has(one.event)) return [];
      seen.add(one.event);
      const log = `${one.stream} ${one.log}`;
      const before = last.get(log);
      if (!before || isAfter(one, before) > 0) {
        last.set(log, one);
        return [];
      }
      const what = `${name} has first handled ${showDot(one)} of ${one.stream} after ${showDot(before)}`;
      return [violationOf('events in order', what, one.stream)];
    });
}
