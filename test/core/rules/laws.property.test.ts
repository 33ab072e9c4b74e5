import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Commit } from '../../../core/facts/commit.ts';
import { History } from '../../../core/log/history.ts';
import {
  addWinsMap,
  addWinsSet,
  counter,
  elementsOf,
  evolveBy,
  initialBy,
  keepAll,
  lastWriterWins,
  lastWriterWinsPerField,
  latestIn,
  type MapChange,
  maximum,
  minimum,
  removeWinsMap,
  removeWinsSet,
  type SetChange,
} from '../../../core/rules/index.ts';
import { type Entry, note } from '../../../testing/toy.ts';
import { commitGraphs, folded, shuffled } from '../log/graph.ts';

interface Fields {
  readonly color: string;
  readonly size: number;
}

const rules = {
  last: lastWriterWins<number | null>(null),
  fields: lastWriterWinsPerField<Fields>({ color: 'none', size: 0 }),
  all: keepAll<number>(),
  adds: addWinsSet(),
  removes: removeWinsSet(),
  map: addWinsMap<number>(),
  bans: removeWinsMap<number>(),
  sum: counter(),
  lowest: minimum(),
  highest: maximum(),
};

interface Drawn {
  readonly number: number;
  readonly fields: Partial<Fields>;
  readonly set: SetChange;
  readonly map: MapChange<number>;
}

const elements = fc.uniqueArray(fc.constantFrom('x', 'y', '__proto__'), { maxLength: 2 });
const drawn: fc.Arbitrary<Drawn> = fc.record({
  number: fc.integer({ min: -5, max: 5 }),
  fields: fc.oneof(fc.constant({ color: 'red' }), fc.constant({ size: 1 }), fc.constant({ color: 'blue', size: 2 })),
  set: fc.record({ add: elements, remove: elements }, { requiredKeys: [] }),
  map: fc.record(
    { put: elements.map((keys) => Object.fromEntries(keys.map((key, i) => [key, i]))), remove: elements },
    { requiredKeys: [] },
  ),
});

type Noted = Parameters<typeof note.evolve>[1];

/** Which change the event with a text makes. */
function changeOf(changes: readonly Drawn[], text: string): Drawn {
  const [commit = 0, event = 0] = text.split('.').map(Number);
  const change = changes[(3 * commit + event) % changes.length];
  if (!change) throw new Error('There is no change.');
  return change;
}

/** The state that the rules make of commits that arrive in this order. */
function stateOf(changes: readonly Drawn[], arrived: readonly Commit[]) {
  const evolve = evolveBy<typeof rules, Noted>(rules, {
    Noted: ({ data: { text } }) => {
      const { number, fields, set, map } = changeOf(changes, text);
      return {
        ...{ last: number, fields, all: number, adds: set, removes: set, map, bans: map },
        ...{ sum: number, lowest: number, highest: number },
      };
    },
  });
  const history = new History({ ...note, initial: initialBy(rules), evolve }, 'note/n', []);
  for (const commit of arrived) history.add([commit]);
  return history.state as ReturnType<typeof evolve>;
}

/** An event, and what it changes. */
type Made = Entry & Drawn;

function sees(later: Made, earlier: Made, order: readonly Made[]): boolean {
  return order.indexOf(earlier) < order.indexOf(later) && !later.unseen.includes(earlier.id);
}

/** What the rules mean, of all events in fold order. */
function meaning(made: readonly Made[]) {
  const numbers = made.map(({ number }) => number);
  const written = ({ id, number }: Made) => ({ by: id, value: number });
  const named = ['x', 'y', '__proto__'];
  const puts = ({ map: { put = {} } }: Made, key: string) => Object.hasOwn(put, key);
  const touches = (each: Made, key: string) => puts(each, key) || each.map.remove?.includes(key);
  const mapOf = (writing: (key: string) => readonly Made[]) =>
    Object.fromEntries(
      named.flatMap((key) => {
        const written = writing(key).map(({ id, map }) => ({ by: id, value: map.put?.[key] }));
        return written.length > 0 ? [[key, written]] : [];
      }),
    );
  const changesElement = ({ set: { add = [], remove = [] } }: Made, element: string) =>
    [...add, ...remove].includes(element);
  return {
    last: numbers.at(-1) ?? null,
    fields: Object.assign({ color: 'none', size: 0 }, ...made.map(({ fields }) => fields)),
    all: made.filter((each) => !made.some((other) => sees(other, each, made))).map(written),
    adds: named.filter((element) =>
      made.some(
        (each) =>
          each.set.add?.includes(element) &&
          // A later addition that saw this one takes its place: that matters only where a writer saw a copy of the later one
          // in another log, without what the later one had seen.
          !made.some((other) => sees(other, each, made) && changesElement(other, element)),
      ),
    ),
    removes: named.filter((element) =>
      made.some(
        (each) =>
          each.set.add?.includes(element) &&
          made.every((other) => other === each || !other.set.remove?.includes(element) || sees(each, other, made)),
      ),
    ),
    map: mapOf((key) =>
      made.filter((each) => puts(each, key) && !made.some((other) => sees(other, each, made) && touches(other, key))),
    ),
    bans: mapOf((key) => {
      const counting = made.filter(
        (each) =>
          puts(each, key) &&
          made.every((other) => other === each || !other.map.remove?.includes(key) || sees(each, other, made)),
      );
      return counting.filter((each) => !counting.some((other) => sees(other, each, made)));
    }),
    sum: numbers.reduce((sum, each) => sum + each, 0),
    lowest: numbers.length > 0 ? Math.min(...numbers) : null,
    highest: numbers.length > 0 ? Math.max(...numbers) : null,
  };
}

const cases = fc.record({ commits: commitGraphs, changes: fc.array(drawn, { minLength: 1, maxLength: 20 }) });

describe('the ready-made rules', () => {
  it('make of every history what each of them means', () => {
    fc.assert(
      fc.property(cases, ({ commits, changes }) => {
        const made = folded(commits).map((entry): Made => ({ ...entry, ...changeOf(changes, entry.text) }));
        const { adds, removes, ...state } = stateOf(changes, commits);
        const { adds: expectedAdds, removes: expectedRemoves, ...expected } = meaning(made);
        expect(state).toEqual(expected);
        expect([...elementsOf(adds)].sort()).toEqual(expectedAdds.toSorted());
        expect([...removes].sort()).toEqual(expectedRemoves.toSorted());
        expect([...latestIn(state.map).keys()].sort()).toEqual(Object.keys(expected.map).sort());
      }),
      { numRuns: 1_000 },
    );
  });

  it('make the same state in every Region, in whatever order and however often commits arrive', () => {
    const orders = cases.chain(({ commits, changes }) =>
      fc.record({ changes: fc.constant(changes), one: shuffled(commits), other: shuffled([...commits, ...commits]) }),
    );
    fc.assert(
      fc.property(orders, ({ changes, one, other }) => {
        const [here, there] = [stateOf(changes, one), stateOf(changes, other)];
        expect(JSON.stringify(here)).toBe(JSON.stringify(there));
        expect(JSON.parse(JSON.stringify(here))).toStrictEqual(here);
      }),
      { numRuns: 300 },
    );
  });
});
