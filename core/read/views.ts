import { viewOf } from '../definition/domain.ts';
import type { ViewDefinition } from '../definition/view.ts';
import { MeridianError } from '../facts/errors.ts';
import { countWithin } from '../facts/json.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import type { Row, Sums } from '../facts/view-entry.ts';
import { DEFAULT_PAGE, PAGE_BYTES } from '../limits/budgets.ts';
import { currentView, type SeenOptions, type ViewPorts } from './current-view.ts';

export interface RowsOptions extends SeenOptions {
  /** The last key of the previous page; valid across generations. @default the first page */
  readonly after?: string | undefined;
  /** Rows per page, at most. @default 100 */
  readonly limit?: number | undefined;
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
 * @throws MeridianError `unknown-view`; as `currentView`
 */
export async function readRows(
  ports: ViewPorts,
  name: string,
  { after, limit = DEFAULT_PAGE, ...seen }: RowsOptions = {},
): Promise<RowPage> {
  const { domain, views } = ports;
  const view = viewOf(domain, name);
  const { stored, kind, shards } = await currentView(ports, view, seen);
  const consistent = isWaiting(seen);
  if (kind === 'totals') {
    const { items, end } = await views.totals(stored, shards, { after, limit, consistent });
    return pageOf(
      items.map(({ key, sums }) => ({ key, value: shown(view, sums) })),
      end,
    );
  }
  const idOf = (stream: string): string => parseStreamRef(stream).id;
  const page = { after: after && `${view.of.type}/${after}`, limit, consistent };
  const { items, end } = await views.rows(stored, shards, page);
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

/** @throws MeridianError `unknown-view`; `not-found`; as `currentView` */
export async function readRow(ports: ViewPorts, name: string, key: string, seen: SeenOptions = {}): Promise<Row> {
  const view = viewOf(ports.domain, name);
  const stream = `${view.of.type}/${key}`;
  const { stored, kind, shards, entries } = await currentView(ports, view, seen, stream);
  const sums = kind === 'totals' ? await ports.views.total(stored, shards, key, isWaiting(seen)) : undefined;
  const value = sums ? shown(view, sums) : entries.get(stream)?.row;
  if (value === undefined) throw new MeridianError('not-found', `View ${name} has no row ${key}.`);
  return { key, value };
}

/** True if what was projected before must be shown: it is in the table, but perhaps not in every replica of it yet. */
function isWaiting({ atLeast }: SeenOptions): boolean {
  return atLeast !== undefined && atLeast.size > 0;
}

function shown(view: ViewDefinition, sums: Sums): unknown {
  return view.kind === 'totals' && view.present ? view.present(sums) : sums;
}
