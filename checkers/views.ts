// Views show what folding their streams gives: a row for each stream, or sums over them.

import type { Checker } from './evidence/evidence.ts';
import { show } from './evidence/json.ts';
import { idOf, type StreamType, typeNameOf } from './evidence/names.ts';
import type { LineOf, Violation } from './history.ts';
import { foldOf } from './reference/fold.ts';
import { itemsIn, keyOf, type State } from './reference/kinds.ts';

type View = LineOf<'view'>;

/** A stream of the view. */
interface Folded {
  readonly id: string;
  readonly state: State;
  /** False: there may or may not be a row, and a contribution of 0. */
  readonly hasEvents: boolean;
}

/** The views of every Region in the end. */
export const views: Checker = (evidence) => {
  const replicas = evidence.lines('replica');
  return evidence.lines('view').flatMap((view) => {
    const type = evidence.typeOf(`${view.of}/`);
    const own = replicas.filter(({ region, stream }) => region === view.region && typeNameOf(stream) === view.of);
    if (!type) return [];
    const folded = own.map(({ stream, commits }) => ({
      id: idOf(stream),
      state: foldOf(type.kind, commits),
      hasEvents: commits.some(({ state, events }) => state === 'visible' && events.length > 0),
    }));
    return view.shows === 'rows' ? wrongRows(view, type, folded) : wrongTotals(view, folded);
  });
};

function violationOf({ region, view, of }: View, key: string, shown: unknown, expected: unknown): Violation {
  const what = `view ${view} in ${region} shows ${show(shown)} for ${key}, whose streams fold to ${show(expected)}`;
  return { property: 'views equal folds', what, ops: [], streams: [`${of}/${key}`] };
}

function wrongRows(view: View, { kind }: StreamType, streams: readonly Folded[]): readonly Violation[] {
  const values = new Map(Object.entries(view.values));
  const wrong = streams.flatMap(({ id, state, hasEvents }) => {
    if (!values.has(id) && !hasEvents) return [];
    const row = values.get(id);
    values.delete(id);
    return keyOf(kind, row) === keyOf(kind, state) ? [] : [violationOf(view, id, row, state)];
  });
  return [...wrong, ...[...values].map(([id, row]) => violationOf(view, id, row, undefined))];
}

function wrongTotals(view: View, streams: readonly Folded[]): readonly Violation[] {
  const { sumOf, keyBy = 'id' } = view;
  if (!sumOf) return [];
  const sums = new Map<string, number>();
  const certain = new Set<string>();
  for (const { id, state, hasEvents } of streams)
    for (const [key, sum] of contributionsOf(sumOf, keyOfTotal(keyBy, id), state)) {
      sums.set(key, (sums.get(key) ?? 0) + sum);
      if (hasEvents) certain.add(key);
    }
  const keys = new Set([...sums.keys(), ...Object.keys(view.values)]);
  return [...keys].flatMap((key) => {
    const shown = Object.hasOwn(view.values, key) ? view.values[key] : undefined;
    const expected = sums.get(key);
    const isRight = shown === expected || (shown === undefined && !certain.has(key));
    return isRight ? [] : [violationOf(view, key, shown, expected)];
  });
}

function keyOfTotal(keyBy: NonNullable<View['keyBy']>, id: string): string {
  if (keyBy === 'all') return 'all';
  return keyBy === 'prefix' && id.includes('.') ? id.slice(0, id.indexOf('.')) : id;
}

/** What a stream adds to totals, by key. */
function contributionsOf(sumOf: NonNullable<View['sumOf']>, key: string, state: State): ReadonlyMap<string, number> {
  switch (sumOf) {
    case 'state':
      return new Map([[key, typeof state === 'number' ? state : 0]]);
    case 'length':
      return new Map([[key, itemsIn(state).length]]);
    case 'texts': {
      const texts = itemsIn(state).map((item) => (typeof item === 'object' ? item.text : String(item)));
      return new Map([...Map.groupBy(texts, (text) => text)].map(([text, of]) => [text, of.length]));
    }
  }
}
