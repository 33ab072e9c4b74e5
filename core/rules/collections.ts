// Rules for sets and maps. They differ in which of an addition and a removal wins that had not seen each other.
import type { Written } from './registers.ts';
import type { Conflicting, Rule, Writer } from './rule.ts';

/** A change to a map: it removes keys, and puts values. */
export interface MapChange<Value> {
  readonly put?: Readonly<Record<string, Value>>;
  readonly remove?: readonly string[];
}

/** A map: for each key the values whose writers had not seen each other, in fold order, at least one. */
export type AddWinsMap<Value> = Readonly<Record<string, readonly Written<Value>[]>>;

/**
 * A map in which additions win: a removal takes what its writer had seen, and what was put meanwhile stays. For one key
 * it keeps all values whose writers had not seen each other; `latestIn` shows the last one of each. Source: the
 * observed-remove set of Shapiro et al., INRIA RR-7506, 3.3.5, with values.
 */
export function addWinsMap<Value>(): Rule<AddWinsMap<Value>, MapChange<Value>> {
  return {
    name: 'addWinsMap',
    initial: {},
    apply: (map, { by, change }, writer) => replaceSeen(map, { by, ...putsIn(change) }, writer),
    conflicts: mapConflicts,
  };
}

/** A map in which removals win. Its shape is that of the map in which additions win. */
export type RemoveWinsMap<Value> = AddWinsMap<Value>;

/**
 * A map in which removals win: a value counts if its writer had seen every removal of the key. For one key it keeps all
 * values that count and whose writers had not seen each other; `latestIn` shows the last one of each.
 */
export function removeWinsMap<Value>(): Rule<RemoveWinsMap<Value>, MapChange<Value>> {
  return {
    name: 'removeWinsMap',
    initial: {},
    conflicts: mapConflicts,
    apply(map, { by, change }, writer) {
      const { puts, remove } = putsIn(change);
      const kept = Object.fromEntries(Object.entries(map).filter(([key]) => !remove.includes(key)));
      if (puts.size === 0) return kept;
      const gone = removedMeanwhile(writer);
      const counting = new Map([...puts].filter(([key]) => !gone.has(key)));
      return replaceSeen(kept, { by, puts: counting, remove: [] }, writer);
    },
  };
}

/** Two values of one key both stay. What one change puts and the other removes, the rule decides. */
function mapConflicts(a: MapChange<unknown>, b: MapChange<unknown>): readonly Conflicting[] {
  const [one, other] = [putsIn(a), putsIn(b)];
  const both = [...one.puts.keys()].filter((key) => other.puts.has(key));
  const taken = takenOf({ ...one, add: [...one.puts.keys()] }, { ...other, add: [...other.puts.keys()] });
  return [...both.map((at) => ({ at, isOpen: true })), ...taken.filter(({ at }) => !both.includes(at))];
}

/** What one change adds and the other removes. */
function takenOf(a: Required<SetChange>, b: Required<SetChange>) {
  const taken = [...a.add.filter((at) => b.remove.includes(at)), ...b.add.filter((at) => a.remove.includes(at))];
  return [...new Set(taken)].map((at) => ({ at }));
}

/** A value that is undefined is not put. */
function putsIn<Value>({ put = {}, remove = [], ...others }: MapChange<Value>): Omit<Replacement<Value>, 'by'> {
  checkNoOthers(others, 'put, remove');
  return { puts: new Map(Object.entries(put).filter(([, value]) => value !== undefined)), remove };
}

interface Replacement<Value> {
  readonly by: string;
  readonly puts: ReadonlyMap<string, Value>;
  readonly remove: readonly string[];
}

/** Takes away what a writer had seen of the keys that it puts or removes. */
function replaceSeen<Value>(
  map: AddWinsMap<Value>,
  { by, puts, remove }: Replacement<Value>,
  { saw }: Pick<Writer<unknown>, 'saw'>,
): AddWinsMap<Value> {
  const changed = new Map(Object.entries(map));
  for (const key of new Set([...remove, ...puts.keys()])) {
    const stay = (changed.get(key) ?? []).filter((written) => !saw(written.by));
    const value = puts.get(key);
    const values = value === undefined ? stay : [...stay, { by, value }];
    if (values.length > 0) changed.set(key, values);
    else changed.delete(key);
  }
  return Object.fromEntries(changed);
}

/** The last value of each key: of values whose writers had not seen each other, the one that is folded last. */
export function latestIn<Value>(map: AddWinsMap<Value>): ReadonlyMap<string, Value> {
  return new Map(
    Object.entries(map).flatMap(([key, values]) => values.slice(-1).map(({ value }): [string, Value] => [key, value])),
  );
}

/** A change to a set: it removes elements, and adds elements. */
export interface SetChange {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

/** A set: its elements are the keys. */
export type AddWinsSet = AddWinsMap<true>;

/** The elements of a set in which additions win. */
export function elementsOf(set: AddWinsSet): ReadonlySet<string> {
  return new Set(Object.keys(set));
}

/** A set in which additions win: a removal takes what its writer had seen, and what was added meanwhile stays. */
export function addWinsSet(): Rule<AddWinsSet, SetChange> {
  return {
    name: 'addWinsSet',
    initial: {},
    conflicts: setConflicts,
    apply(set, { by, change }, writer) {
      const { add, remove } = changesIn(change);
      return replaceSeen(set, { by, puts: new Map(add.map((element) => [element, true])), remove }, writer);
    },
  };
}

/** A set in which removals win: an addition counts if its writer had seen every removal of the element. */
export function removeWinsSet(): Rule<readonly string[], SetChange> {
  return {
    name: 'removeWinsSet',
    initial: [],
    conflicts: setConflicts,
    apply(set, { change }, writer) {
      const { add, remove } = changesIn(change);
      const kept = set.filter((element) => !remove.includes(element));
      if (add.length === 0) return kept;
      const gone = removedMeanwhile(writer);
      return [...new Set([...kept, ...add.filter((element) => !gone.has(element))])];
    },
  };
}

/** Changes to a set conflict if one adds what the other removes. */
function setConflicts(a: SetChange, b: SetChange): readonly Conflicting[] {
  return takenOf(changesIn(a), changesIn(b));
}

/** What was removed by changes that a writer had not seen. */
function removedMeanwhile({ unseen }: Writer<Pick<SetChange, 'remove'>>): ReadonlySet<string> {
  return new Set(unseen.flatMap(({ change }) => change.remove ?? []));
}

function changesIn({ add = [], remove = [], ...others }: SetChange): Required<SetChange> {
  checkNoOthers(others, 'add, remove');
  return { add, remove };
}

/** A misspelt member would otherwise change nothing, and the compiler does not refuse it. */
function checkNoOthers(others: object, known: string): void {
  const [other] = Object.keys(others);
  if (other !== undefined) throw new Error(`A change has no member ${other}. Choose from ${known}.`);
}
