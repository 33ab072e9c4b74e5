import type { Row } from '../core/facts/view-entry.ts';
import { MAX_STREAMS_AT_LEAST } from '../core/limits/budgets.ts';
import { type PageOptions, rowCall, rowsCall, type SeenOptions, type WaitOptions } from './call.ts';
import type { CallOptions } from './options.ts';
import { askPage } from './page.ts';
import type { Regions } from './regions.ts';
import type { Session } from './session.ts';

/** A page of a view's rows. */
export interface RowPage {
  readonly rows: readonly Row[];
  /** Present if there are more rows: the next page's `after`. */
  readonly next?: string | undefined;
}

/** What the rows must include. */
export interface IncludeOptions extends CallOptions, WaitOptions {
  /** A version of a stream that the view is computed from, or several: 50 streams at most. @default none */
  readonly atLeast?: string | readonly string[] | undefined;
  /**
   * The type of the view's streams: the rows must include what the session has seen of them, of the 50 most recently used.
   * @default rows may be older than what the session has seen
   */
  readonly seenOf?: string | undefined;
}

export interface RowsOptions extends IncludeOptions {
  /** Only rows after this key. @default all rows */
  readonly after?: string | undefined;
  /** Rows per request, 1 to 1,000; fewer if rows are large. @default 100 */
  readonly pageSize?: number | undefined;
}

/** A view of any domain. */
export class AnyView {
  readonly #regions: Regions;
  readonly #session: Session;
  readonly #name: string;

  constructor(regions: Regions, session: Session, name: string) {
    this.#regions = regions;
    this.#session = session;
    this.#name = name;
  }

  async row(key: string, { signal, ...include }: IncludeOptions = {}): Promise<unknown> {
    const { answer } = await this.#regions.ask(rowCall(this.#name, key, this.#included(include)), { signal });
    return answer.value;
  }

  async page({ signal, after, limit, ...include }: PageOptions & IncludeOptions = {}): Promise<RowPage> {
    const call = rowsCall(this.#name, { after, limit, ...this.#included(include) });
    const { answer } = await this.#regions.ask(call, { signal });
    return answer;
  }

  #included({ atLeast = [], seenOf, waitSeconds }: IncludeOptions): SeenOptions {
    const given = [atLeast].flat();
    const most = MAX_STREAMS_AT_LEAST - given.length;
    const seen = seenOf === undefined ? [] : this.#session.versionsOf(seenOf, most);
    return { atLeast: [...given, ...seen], waitSeconds };
  }

  async *rows({ after, pageSize, ...options }: RowsOptions = {}): AsyncGenerator<Row, void, void> {
    for (let next = after, isFirst = true; isFirst || next !== undefined; isFirst = false) {
      const page: RowPage = await askPage((limit) => this.page({ ...options, after: next, limit }), pageSize);
      yield* page.rows;
      next = page.next;
    }
  }
}
