import { shardOf } from '../definition/view.ts';
import type { StreamRef } from '../facts/stream-ref.ts';
import { emptyVersion, sameVersion, versionDominates } from '../facts/version.ts';
import {
  hasEffect,
  maxShardSum,
  noContributors,
  type Sums,
  type TotalDelta,
  type Totals,
  type ViewEntry,
} from '../facts/view-entry.ts';
import { MAX_TRANSACTION_ITEMS } from '../limits/aws.ts';
import type { History } from '../log/history.ts';
import type { Target } from './generation.ts';
import { rowOf, totalsOf } from './view-output.ts';

/** The change of one stream in one generation of a view. */
export interface Change {
  readonly entry: ViewEntry;
  readonly deltas: readonly TotalDelta[];
}

/** The change to a stream's entry, if the history is newer than it. */
export function changeOf(
  target: Target,
  ref: StreamRef,
  history: History,
  entry: ViewEntry | undefined,
): readonly Change[] {
  const before = entry?.version ?? emptyVersion;
  const { seen } = history;
  return versionDominates(before, seen) || !versionDominates(seen, before)
    ? []
    : [replacement(target, ref, history, entry)];
}

/** The change that makes an entry what the stream's history gives, whatever the entry's version is. */
export function replacement(
  { view, shards, counts }: Target,
  { name: stream, id }: StreamRef,
  { seen, state }: Pick<History, 'seen' | 'state'>,
  entry: ViewEntry | undefined,
): Change {
  const [shard, limit] = [shardOf(shards, stream), maxShardSum(shards)];
  // A stream without commits has no row, and contributes to no total: nothing would ever compute it.
  const exists = !sameVersion(seen, emptyVersion);
  const totals = exists && view.kind === 'totals' ? totalsOf(view, state, id) : {};
  const deltas = difference(entry?.totals ?? {}, totals)
    .map(({ contributors, ...delta }) => ({ ...delta, shard, limit, ...(counts && { contributors }) }))
    .filter(hasEffect);
  for (const delta of deltas) checkExact(view.name, delta);
  if (deltas.length >= MAX_TRANSACTION_ITEMS)
    throw new Error(
      `${stream} changes ${deltas.length} totals of ${view.name} at once; a transaction holds at most ${MAX_TRANSACTION_ITEMS - 1}.`,
    );
  const row = exists && view.kind === 'rows' ? rowOf(view, state, id) : undefined;
  return { entry: { stream, shard, version: seen, revision: (entry?.revision ?? 0) + 1, row, totals }, deltas };
}

/** A stream contributes to a total as long as its totals have the key, and to a field as long as they have the field. */
function difference(before: Totals, after: Totals): readonly Required<Omit<TotalDelta, 'shard' | 'limit'>>[] {
  // Keys and fields are chosen by the domain: `__proto__` is an ordinary key.
  const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...old.keys(), ...now.keys()])].map((key) => {
    const [a, b] = [now.get(key), old.get(key)];
    const streams = Number(a !== undefined) - Number(b !== undefined);
    return { key, sums: add(a ?? {}, b ?? {}, -1), contributors: { streams, fields: changedFields(a ?? {}, b ?? {}) } };
  });
}

/** 1 for each field that only the first has, and -1 for each that only the second has. */
function changedFields(now: Sums, old: Sums): Sums {
  const [a, b] = [Object.keys(now), Object.keys(old)];
  // Most streams always have the same fields, in the same order.
  if (a.length === b.length && a.every((field, i) => field === b[i])) return {};
  const oneOfEach = (fields: string[]): Sums => Object.fromEntries(fields.map((field) => [field, 1]));
  return add(oneOfEach(a), oneOfEach(b), -1);
}

/** @throws Error if a sum is beyond the safe integers, where it may be rounded */
function checkExact(view: string, { key, sums }: TotalDelta): void {
  for (const [field, sum] of Object.entries(sums))
    if (!Number.isSafeInteger(sum))
      throw new Error(
        `View ${view}: ${key}.${field} changes by more than ${Number.MAX_SAFE_INTEGER} at once, which cannot be computed exactly. Use a larger unit, and rebuild the view.`,
      );
}

/** `a + factor · b`, field by field, without fields that become 0. */
function add(a: Sums, b: Sums, factor: 1 | -1): Sums {
  const sums = new Map(Object.entries(a));
  for (const [field, value] of Object.entries(b)) sums.set(field, (sums.get(field) ?? 0) + factor * value);
  return Object.fromEntries([...sums].filter(([, value]) => value !== 0));
}

/**
 * Splits changes into portions that fit one transaction each. A total counts once, even if several changes of a portion
 * update it.
 */
export function transactions(changes: readonly Change[]): readonly (readonly Change[])[] {
  const portions: Change[][] = [];
  let places = new Set<string>();
  for (const change of changes) {
    const own = change.deltas.map(placeOf);
    const last = portions.at(-1);
    const size = (last?.length ?? 0) + 1 + places.union(new Set(own)).size;
    if (last && size <= MAX_TRANSACTION_ITEMS) last.push(change);
    else {
      portions.push([change]);
      places = new Set();
    }
    for (const place of own) places.add(place);
  }
  return portions;
}

function placeOf({ shard, key }: TotalDelta): string {
  return `${shard}#${key}`;
}

/**
 * The changes of a view's totals by several streams.
 * @throws Error if a sum of them cannot be computed exactly
 */
export function sumUp(view: string, changes: readonly Change[]): readonly TotalDelta[] {
  const byPlace = new Map<string, TotalDelta>();
  for (const delta of changes.flatMap(({ deltas }) => deltas)) {
    const before = byPlace.get(placeOf(delta));
    const sum = before ? both(before, delta) : delta;
    checkExact(view, sum);
    byPlace.set(placeOf(delta), sum);
  }
  return [...byPlace.values()].filter(hasEffect);
}

/** Two changes of one total as one. */
function both({ sums, contributors: before = noContributors }: TotalDelta, next: TotalDelta): TotalDelta {
  const { contributors } = next;
  return {
    ...next,
    sums: add(sums, next.sums, 1),
    ...(contributors && {
      contributors: {
        streams: before.streams + contributors.streams,
        fields: add(before.fields, contributors.fields, 1),
      },
    }),
  };
}
