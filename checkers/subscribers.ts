// A subscriber handles every event, in the order of each log if it promises that, and each one counts once.
import type { Checker, Evidence } from './evidence/evidence.ts';
import { typeNameOf } from './evidence/names.ts';
import { showDot } from './evidence/version.ts';
import type { LineOf, Violation } from './history.ts';

type Handled = LineOf<'handled'>;

/** A subscriber in one Region; if it is named to a Region, in all of them. */
interface Subscription {
  readonly name: string;
  readonly handled: readonly Handled[];
  /** The stream types that it gets. */
  readonly types: ReadonlySet<string>;
}

/** The streams of the visible events, by the ids of these. */
type Events = ReadonlyMap<string, string>;

/** What subscribers have handled and counted, compared with the events that are visible in the end. */
export const subscribers: Checker = (evidence) => {
  const { stored } = evidence;
  if (stored.size === 0) return [];
  const events: Events = new Map(
    [...stored.values()].flatMap(({ stream, visible }) =>
      visible.flatMap((commit) => commit.events.map(({ id }): [string, string] => [id, stream])),
    ),
  );
  return [
    ...evidence.lines('tallied').flatMap((tally) => miscounted(tally, events, mostOf(tally, evidence))),
    ...subscriptionsIn(evidence).flatMap((one) => [
      ...unhandled(one, events),
      ...invented(one, evidence, events),
      ...outOfOrder(
        'events in order',
        one,
        one.handled.filter(({ promises }) => promises === 'in-order'),
      ),
      ...outOfOrder('events leave in order', one, unhindered(one, evidence)),
    ]),
  ];
};

function nameOf({ region, subscriber, named }: Pick<Handled, 'region' | 'subscriber' | 'named'>): string {
  return named === undefined ? `${subscriber} in ${region}` : `${subscriber}, which is named to ${named},`;
}

/** Faults by which the progress of a Region may arrive after the next Region has started, or which move its clock. */
const LATE =
  /^(replication\.|table\.unresolved|port\.late-effect|port\.answer-lost|process\.|restart|deploy|cut|outage|jump|drift)/;

/**
 * How often an event may count. If one Region at a time runs a subscriber, an event counts once as long as each Region knows what the one before
 * it has handled when it starts; otherwise at most once in each Region.
 */
function mostOf({ named }: LineOf<'tallied'>, evidence: Evidence): number {
  const { moves } = evidence;
  const regions = new Set(evidence.lines('history').flatMap((header) => header.regions));
  if (named === undefined || moves === undefined) return 1;
  return moves === 'forced' || evidence.lines('fault').some(({ fault }) => LATE.test(fault)) ? regions.size : 1;
}

/** The subscribers that have handled something in some Region. Where they have handled nothing they are known by what they have counted. */
function subscriptionsIn(evidence: Evidence): readonly Subscription[] {
  const all = Map.groupBy(evidence.lines('handled'), ({ subscriber }) => subscriber);
  const tallies = evidence.lines('tallied');
  return [...all].flatMap(([subscriber, handled]) => {
    const own = tallies.filter((tally) => tally.subscriber === subscriber);
    const types = new Set([
      ...handled.map(({ stream }) => typeNameOf(stream)),
      ...own.flatMap((tally) => tally.types ?? []),
    ]);
    const byName = Map.groupBy(handled, nameOf);
    const names = new Set([...byName.keys(), ...own.map(nameOf)]);
    return [...names].map((name) => ({ name, handled: byName.get(name) ?? [], types }));
  });
}

function violationOf(property: string, what: string, ...streams: readonly string[]): Violation {
  return { property, what, ops: [], streams };
}

function miscounted(
  { types, counts, ...tally }: LineOf<'tallied'>,
  events: Events,
  most: number,
): readonly Violation[] {
  const name = nameOf(tally);
  const wrong = [...events].flatMap(([id, stream]) => {
    if (types && !types.includes(typeNameOf(stream))) return [];
    const count = (Object.hasOwn(counts, id) ? counts[id] : undefined) ?? 0;
    return count >= 1 && count <= most
      ? []
      : violationOf('each event counts once', `${name} has counted ${id} ${count} times`, stream);
  });
  const others = Object.keys(counts).filter((id) => !events.has(id));
  return [
    ...wrong,
    ...others.map((id) => violationOf('each event counts once', `${name} has counted ${id}, which is not visible`)),
  ];
}

function unhandled({ name, handled, types }: Subscription, events: Events): readonly Violation[] {
  const seen = new Set(handled.map(({ event }) => event));
  return [...events].flatMap(([id, stream]) =>
    seen.has(id) || !types.has(typeNameOf(stream))
      ? []
      : violationOf('each event is handled', `${name} has not handled ${id}`, stream),
  );
}

/** Events that were handled, and are not visible in the end. */
function invented({ name, handled }: Subscription, { stored }: Evidence, events: Events): readonly Violation[] {
  return handled.flatMap(({ event, stream }) =>
    !stored.has(stream) || events.has(event)
      ? []
      : violationOf('each event is handled', `${name} has handled ${event}, which is not visible`, stream),
  );
}

/** Events that were first handled after later ones of their log. */
function outOfOrder(property: string, { name }: Subscription, handled: readonly Handled[]): readonly Violation[] {
  const last = new Map<string, Handled>();
  const seen = new Set<string>();
  return handled
    .toSorted((a, b) => a.at - b.at)
    .flatMap((one) => {
      if (seen.has(one.event)) return [];
      seen.add(one.event);
      const log = `${one.stream} ${one.log}`;
      const before = last.get(log);
      if (!before || isAfter(one, before)) {
        last.set(log, one);
        return [];
      }
      const what = `${name} has first handled ${showDot(one)} of ${one.stream} after ${showDot(before)}`;
      return violationOf(property, what, one.stream);
    });
}

/** The faults that do not change the order in which messages arrive. */
const OF_TRANSACTIONS = /^(machine|decisions|invoke)\./;

/**
 * What a subscriber that keeps no order handled in the Region that had written it, if nothing happened to messages meanwhile: in the order
 * in which the events left the table.
 */
function unhindered({ handled }: Subscription, evidence: Evidence): readonly Handled[] {
  if (evidence.lines('fault').some(({ fault }) => !OF_TRANSACTIONS.test(fault))) return [];
  return handled.filter(
    (one) => one.promises === 'each' && evidence.stored.get(one.stream)?.at(one)?.region === one.region,
  );
}

function isAfter(a: Handled, b: Handled): boolean {
  return a.position > b.position || (a.position === b.position && a.index > b.index);
}
