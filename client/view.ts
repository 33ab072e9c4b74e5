import type { Row } from '../core/facts/view-entry.ts';
import { type PageOptions, rowCall, rowsCall } from './call.ts';
import type { CallOptions } from './options.ts';
import { askPage } from './page.ts';
import type { Regions } from './regions.ts';

/** A page of a view's rows. */
export interface RowPage {
  readonly rows: readonly Row[];
  /** Present if there are more rows: the next page's `after`. */
  readonly next?: string | undefined;
}

export interface RowsOptions extends CallOptions {
  /** Only rows after this key. @default all rows */
  readonly after?: string | undefined;
  /** Rows per request, 1 to 1,000; fewer if rows are large. @default 100 */
  readonly pageSize?: number | undefined;
}

/** A view of any domain. */
export class AnyView {
  readonly #regions: Regions;
  readonly #name: string;

  constructor(regions: Regions, name: string) {
    this.#regions = regions;
    this.#name = name;
  }

  async row(key: string, options: CallOptions = {}): Promise<unknown> {
    const { answer } = await this.#regions.ask(rowCall(this.#name, key), options);
    return answer.value;
  }

  async page({ signal, ...page }: PageOptions & CallOptions = {}): Promise<RowPage> {
    const { answer } = await this.#regions.ask(rowsCall(this.#name, page), { signal });
    return answer;
  }

  async *rows({ after, pageSize, signal }: RowsOptions = {}): AsyncGenerator<Row, void, void> {
    for (let next = after, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const page: RowPage = await askPage((limit) => this.page({ after: next, limit, signal }), pageSize);
      yield* page.rows;
      next = page.next;
    }
  }
}
