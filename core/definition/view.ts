import type { ViewKind } from '../facts/view-entry.ts';
import type { Mode } from './conflicts.ts';
import { checkMembers, checkValue, type Members } from './members.ts';
import { checkTypeName } from './names.ts';
import type { StreamDefinition } from './stream.ts';

interface ViewSpec<State, Name extends string> {
  /** `[a-z][a-z0-9-]*`, at most 64 characters */
  readonly name: Name;
  /** The stream type that the view is computed from. */
  readonly of: StreamDefinition<string, Mode, State>;
  /** The version of the view's code: raise it with every change of its rows or totals, then rebuild the view. @default 1 */
  readonly codeVersion?: number;
  /** The number of partitions for rows and totals. A change takes effect with the next rebuild. @default 4 */
  readonly shards?: number;
}

/** One row per stream, under the stream's id. */
export interface RowView<State = unknown, Name extends string = string, Row = unknown> extends ViewSpec<State, Name> {
  readonly kind: 'rows';
  /** The stream's row, a JSON value; undefined: it has none. Pure. */
  row(state: State, id: string): Row | undefined;
}

/** Integers by field. A field is missing if it was never counted, or if its sum is 0. */
export type FieldSums<Field extends string> = { readonly [Name in Field]?: number };

/** Sums across streams: each stream contributes integers, and its next state replaces its contribution. */
export interface TotalView<State = unknown, Name extends string = string, Field extends string = string, Row = unknown>
  extends ViewSpec<State, Name> {
  readonly kind: 'totals';
  /** What the stream contributes, by key and field. Pure. */
  totals(state: State, id: string): Readonly<Record<string, FieldSums<Field>>>;
  /** The row shown for a key's sums, a JSON value. Pure. @default the sums themselves */
  present?(sums: FieldSums<Field>): Row;
}

/** A view. Without type arguments: any; with them: exactly what `defineView` infers. */
export type ViewDefinition<
  State = unknown,
  Name extends string = string,
  Kind extends ViewKind = ViewKind,
  Field extends string = string,
  Row = unknown,
> = {
  readonly rows: RowView<State, Name, Row>;
  readonly totals: TotalView<State, Name, Field, Row>;
}[Kind];

const SPEC_MEMBERS: Members<Omit<RowView, 'row'>> = {
  name: 'required',
  kind: 'required',
  of: 'required',
  codeVersion: 'optional',
  shards: 'optional',
};

const VIEW_MEMBERS: { readonly [Kind in ViewKind]: Members<ViewDefinition<unknown, string, Kind>> } = {
  rows: { ...SPEC_MEMBERS, row: 'required' },
  totals: { ...SPEC_MEMBERS, totals: 'required', present: 'optional' },
};

const DEFAULT_SHARDS = 4;

/**
 * Defines a view. @throws Error when its name is malformed, a member is missing or unknown, or `codeVersion` or `shards` is
 * not 1, 2, 3 …
 */
export function defineView<
  State,
  const Name extends string,
  Kind extends ViewKind,
  Field extends string,
  Row = FieldSums<Field>,
>(
  view: { readonly kind: Kind } & ViewDefinition<State, Name, ViewKind, Field, Row>,
): ViewDefinition<State, Name, Kind, Field, Row>;
// The kind of the result is that of the argument, which the compiler cannot infer from the body.
export function defineView(view: ViewDefinition): ViewDefinition {
  checkTypeName('View', view.name);
  checkValue(`View ${view.name}: kind`, view.kind, Object.keys(VIEW_MEMBERS));
  checkMembers(`View ${view.name}`, view, VIEW_MEMBERS[view.kind]);
  if (!view.of) throw new Error(`View ${view.name}: of is ${view.of}, but must be a stream type.`);
  for (const what of ['codeVersion', 'shards'] as const) {
    const { [what]: count = 1 } = view;
    if (!Number.isInteger(count) || count < 1)
      throw new Error(`View ${view.name}: ${what} is ${count}, but must be a positive integer.`);
  }
  return view;
}

export function codeVersionOf({ codeVersion = 1 }: ViewDefinition): number {
  return codeVersion;
}

export function shardsOf({ shards = DEFAULT_SHARDS }: ViewDefinition): number {
  return shards;
}

/** The shard of a stream: FNV-1a (Fowler, Noll, Vo; 32 bits) of its name, modulo the number of shards. */
export function shardOf(shards: number, stream: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < stream.length; i++) hash = Math.imul(hash ^ stream.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shards;
}
