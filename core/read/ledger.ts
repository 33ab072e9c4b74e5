import type { Domain } from '../definition/domain.ts';
import { streamTypeOf } from '../definition/domain.ts';
import { countWithin } from '../facts/json.ts';
import { type LedgerEntry, ledgerWriterOf, listedKeyOf } from '../facts/ledger.ts';
import { parseStreamRef } from '../facts/stream-ref.ts';
import { PAGE_BYTES } from '../limits/budgets.ts';
import type { Ledger } from '../ports/ledger.ts';
import { encodeListed } from '../wire/api.ts';

export interface LedgerReadPorts {
  readonly domain: Domain;
  /** The Regions of the deployment. */
  readonly regions: readonly string[];
  readonly ledger: Pick<Ledger, 'ofStream' | 'page'>;
}

/** Which conflicts are asked for. */
export interface LedgerAsked {
  /** Only those of this stream. @default of all */
  readonly stream?: string | undefined;
  /** Only those of streams of this type. @default of all */
  readonly type?: string | undefined;
  /** @default both */
  readonly isOpen?: boolean | undefined;
  /** Only those of commits written at this time or later, milliseconds since 1970. */
  readonly from?: number | undefined;
  /** Only those of commits written at this time or earlier. */
  readonly to?: number | undefined;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface ListedPage {
  readonly entries: readonly LedgerEntry[];
  /** Undefined if none follow. */
  readonly next: string | undefined;
}

/**
 * The conflicts of all streams, as far as the Regions have listed them, in the order in which their commits were written.
 * @throws MeridianError `unknown-stream-type`; `unavailable`
 */
export async function readLedger(
  { domain, regions, ledger }: LedgerReadPorts,
  asked: LedgerAsked,
): Promise<ListedPage> {
  const { stream, type, isOpen, from = 0, to = Number.MAX_SAFE_INTEGER, after, limit } = asked;
  for (const named of [type, stream && parseStreamRef(stream).type])
    if (named !== undefined) streamTypeOf(domain, named);
  const includes = (entry: LedgerEntry): boolean =>
    entry.writer === ledgerWriterOf(entry.commit.region, regions) &&
    (type === undefined || parseStreamRef(entry.stream).type === type);
  const request = { isOpen, from, to, includes, after, limit };
  const { items, end } =
    stream === undefined
      ? await ledger.page(request)
      : pageOfStream((await ledger.ofStream(stream)).entries.filter(includes), request);
  const entries = items.slice(0, countWithin(items.map(encodeListed), PAGE_BYTES));
  const last = entries.at(-1);
  return { entries, next: entries.length < items.length && last ? listedKeyOf(last) : end };
}

/** The entries of one stream are few, and are read strongly consistent in the Region that writes them. */
function pageOfStream(
  entries: readonly LedgerEntry[],
  { isOpen, from, to, after = '', limit }: Omit<LedgerAsked, 'stream' | 'type'> & { from: number; to: number },
): { readonly items: readonly LedgerEntry[]; readonly end: string | undefined } {
  const found = entries
    .filter(({ status, at }) => status !== 'superseded' && at >= from && at <= to)
    .filter(({ status }) => isOpen === undefined || (status === 'open') === isOpen)
    .map((entry) => ({ key: listedKeyOf(entry), entry }))
    .filter(({ key }) => key > after)
    .sort((a, b) => Number(a.key > b.key) - Number(a.key < b.key));
  const items = found.slice(0, limit);
  return {
    items: items.map(({ entry }) => entry),
    end: found.length > limit ? items.at(-1)?.key : undefined,
  };
}
