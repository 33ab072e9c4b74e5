// What a view computes for one stream, checked before it is written: a fault stops the stream's entry in the view, not others.

import type { FieldSums, RowView, TotalView } from '../definition/view.ts';
import { carriedFaults } from '../facts/carried.ts';
import { isKey, type Totals } from '../facts/view-entry.ts';
import { MAX_SORT_KEY_BYTES } from '../limits/aws.ts';

/** A stream's row; undefined: it has none. @throws Error with the first part that cannot be stored and carried */
export function rowOf<State, Row>(view: RowView<State, string, Row>, state: State, id: string): Row | undefined {
  const row = view.row(state, id);
  const [fault] = carriedFaults(row, 'row');
  if (fault)
    throw new Error(`View ${view.name}: ${fault.path} of ${id} ${fault.message}. Fix \`row\`, and rebuild the view.`);
  return row;
}

/** A stream's contribution to totals. @throws Error with the first key, field or sum that cannot be stored */
export function totalsOf<State, Field extends string>(
  { name, totals: compute }: TotalView<State, string, Field>,
  state: State,
  id: string,
): Totals {
  const totals = compute(state, id);
  checkTotals(name, totals);
  return totals;
}

function checkTotals(name: string, totals: Readonly<Record<string, FieldSums<string>>>): asserts totals is Totals {
  for (const [key, sums] of Object.entries(totals)) {
    checkKey(name, 'key', key);
    for (const [field, value] of Object.entries(sums)) {
      checkKey(name, 'field', field);
      if (!Number.isSafeInteger(value))
        throw new Error(
          `View ${name}: ${key}.${field} is ${value}; totals must be integers of at most ${Number.MAX_SAFE_INTEGER}.`,
        );
    }
  }
}

function checkKey(view: string, what: 'key' | 'field', text: string): void {
  if (isKey(text)) return;
  throw new Error(
    `View ${view}: its totals have the ${what} ${JSON.stringify(text)}, which cannot be stored: use 1 to ${MAX_SORT_KEY_BYTES} bytes, without U+FFFE, U+FFFF and halves of surrogate pairs.`,
  );
}
