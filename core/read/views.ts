import { viewOf } from '../definition/domain.ts';
import { shardOf, type ViewDefinition } from '../definition/view.ts';
import { MeridianError } from '../facts/errors.ts';
import { countWithin } from '../facts/json.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import type { Row, Sums } from '../facts/view-entry.ts';
import { PAGE_BYTES } from '../limits/budgets.ts';
import type { LoadPorts } from '../log/load.ts';
import type { GenerationStore } from '../ports/generation-store.ts';
import type { ViewStore } from '../ports/view-store.ts';
import { generationsOf } from '../view/current-generations.ts';
import { storedAs } from '../view/generation.ts';

export interface ViewPorts extends Pick<LoadPorts, 'domain'> {
  readonly views: ViewStore & GenerationStore;
}

export interface RowPage {
  readonly rows: readonly Row[];
  /** The key after which the next page starts; undefined if there are no more rows. */
  readonly next: string | undefined;
}

/**
 * Rows of a view's active generation, in key order: at most `limit`, and fewer if they would have more than
 * {@link PAGE_BYTES}. Where many streams have no row, a page has fewer, or none, and `next`: a page takes a bounded
 * number of queries.
 * @param after the last key of the previous page; valid across generations
 * @throws MeridianError `unknown-view`; `unavailable`
 */
export async function readRows(
  { domain, views }: ViewPorts,
  name: string,
  after?: string,
  limit = 100,
): Promise<RowPage> {
  const view = viewOf(domain, name);
  const { stored, kind, shards } = await activeOf(views, view);
  if (kind === 'totals') {
    const { items, end } = await views.totals(stored, shards, after, limit);
    return pageOf(
      items.map(({ key, sums }) => ({ key, value: shown(view, sums) })),
      end,
    );
  }
  const idOf = (stream: string): string => parseStreamRef(stream).id;
  const { items, end } = await views.rows(stored, shards, after && `${view.of.type}/${after}`, limit);
  return pageOf(
    items.map(({ key, value }) => ({ key: idOf(key), value })),
    end && idOf(end),
  );
}

/** A page of the first rows, as many as fit. @param end where a page of all of them would end */
function pageOf(rows: readonly Row[], end: string | undefined): RowPage {
  const count = countWithin(rows, PAGE_BYTES);
  return count < rows.length ? { rows: rows.slice(0, count), next: rows[count - 1]?.key } : { rows, next: end };
}

/** @throws MeridianError `unknown-view`; `not-found`; `unavailable` */
export async function readRow({ domain, views }: ViewPorts, name: string, key: string): Promise<Row> {
  const view = viewOf(domain, name);
  const active = await activeOf(views, view);
  const value = await (active.kind === 'totals' ? totalOf(views, view, active, key) : rowOf(views, view, active, key));
  if (value === undefined) throw new MeridianError('not-found', `View ${name} has no row ${key}.`);
  return { key, value };
}

type Active = Awaited<ReturnType<typeof activeOf>>;

/** Where a view's active generation is stored, and the kind and shards that it was built with. */
async function activeOf(views: GenerationStore, view: ViewDefinition) {
  const { active } = await generationsOf(views, view);
  return { stored: storedAs(view.name, active), kind: active.kind, shards: active.shards };
}

async function totalOf(
  views: ViewStore,
  view: ViewDefinition,
  { stored, shards }: Active,
  key: string,
): Promise<unknown> {
  const sums = await views.total(stored, shards, key);
  return sums && shown(view, sums);
}

function shown(view: ViewDefinition, sums: Sums): unknown {
  return view.kind === 'totals' && view.present ? view.present(sums) : sums;
}

async function rowOf(
  views: ViewStore,
  { of }: ViewDefinition,
  { stored, shards }: Active,
  key: string,
): Promise<unknown> {
  const stream = `${of.type}/${key}`;
  return (await views.entries(stored, [{ stream, shard: shardOf(shards, stream) }])).get(stream)?.row;
}
