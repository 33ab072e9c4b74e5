import { jsonBytes } from '../facts/json.ts';
import { isKey, type Sums } from '../facts/view-entry.ts';
import {
  MAX_NUMBER,
  MAX_SORT_KEY_BYTES,
  MAX_TRANSACT_WRITE_BYTES,
  MAX_TRANSACTION_ITEMS,
  MIN_NUMBER,
} from '../limits/aws.ts';
import { MAX_ADDED_FIELDS } from '../limits/budgets.ts';

/** An addition to a row of the subscriber's own table. */
export interface Addition {
  /** The row: 1 to 1024 bytes, without U+FFFE, U+FFFF and halves of surrogate pairs. */
  readonly key: string;
  /** The amount to add to each of its fields. */
  readonly sums: Sums;
}

/** The table's key attributes. */
const KEY_ATTRIBUTES = ['pk', 'sk'];

/** One item of the transaction is the subscriber's progress. */
const MAX_ROWS = MAX_TRANSACTION_ITEMS - 1;

/**
 * Converts the result of a subscriber's function to the additions to write, at most one per row. Refuses every result
 * that a table would refuse for any row (because of names, numbers, counts or bytes), so that a world and tests fail as
 * a deployment does. Does not check what depends on the row: a table also refuses a row, or a sum in it, that grows
 * beyond its limits.
 * @throws Error that says what was found, and what to return
 */
export function additionsOf(returned: unknown): readonly Addition[] {
  if (returned === undefined || returned === null) return [];
  if (!Array.isArray(returned)) throw refused(`found ${shown(returned)}`);
  const rows = new Map<string, Map<string, number>>();
  for (const addition of returned) {
    if (!isAddition(addition)) throw refused(`found ${shown(addition)} in the list`);
    const { key, sums } = addition;
    if (!isKey(key))
      throw refused(
        `the key ${JSON.stringify(key)} must have 1 to ${MAX_SORT_KEY_BYTES} bytes, without U+FFFE, U+FFFF and halves of surrogate pairs`,
      );
    for (const [field, sum] of Object.entries(sums)) {
      if (!isKey(field) || KEY_ATTRIBUTES.includes(field))
        throw refused(`row ${key} cannot have a field named ${JSON.stringify(field)}`);
      const row = rows.get(key) ?? new Map<string, number>();
      const total: unknown = typeof sum === 'number' ? (row.get(field) ?? 0) + sum : sum;
      if (!isStorable(total))
        throw refused(`${key}.${field} is ${shown(total)}, which is not a number that a table can store`);
      rows.set(key, row.set(field, total));
    }
  }
  if (rows.size > MAX_ROWS) throw refused(`it adds to ${rows.size} rows, but an event may add to at most ${MAX_ROWS}`);
  for (const [key, { size }] of rows)
    if (size > MAX_ADDED_FIELDS)
      throw refused(`it adds to ${size} fields of row ${key}, but an event may add to at most ${MAX_ADDED_FIELDS}`);
  const additions = [...rows].map(([key, sums]) => ({ key, sums: Object.fromEntries(sums) }));
  const bytes = jsonBytes(additions);
  if (bytes > MAX_TRANSACT_WRITE_BYTES)
    throw refused(`it has ${bytes} bytes as JSON, but an event may add at most ${MAX_TRANSACT_WRITE_BYTES}`);
  return additions;
}

function isAddition(
  value: unknown,
): value is { readonly key: string; readonly sums: Readonly<Record<string, unknown>> } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    'sums' in value &&
    typeof value.sums === 'object' &&
    value.sums !== null
  );
}

function isStorable(value: unknown): value is number {
  if (typeof value !== 'number') return false;
  return value === 0 || (Math.abs(value) >= MIN_NUMBER && Math.abs(value) <= MAX_NUMBER);
}

/** Formats any value for a message. */
function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  try {
    return JSON.stringify(value) ?? typeof value;
  } catch {
    // The value is not JSON, such as a bigint or an object that contains itself.
    return `a value of type ${typeof value} that is not JSON`;
  }
}

function refused(fault: string): Error {
  return new Error(
    `What the subscriber returned cannot be added to its table: ${fault}. Return [{ key: 'a-row', sums: { field: 1 } }], or nothing.`,
  );
}
