import type { LedgerEntry } from '../facts/ledger.ts';

/** What the ledger has about one stream. */
export interface StreamLedger {
  /** The entries that Regions have written, in any order. */
  readonly entries: readonly LedgerEntry[];
  /** The tokens of the Regions that watch the stream, by Region. */
  readonly watches: Readonly<Record<string, string>>;
}

/** Which entries a page has: superseded ones are never listed. */
export interface LedgerPageRequest {
  /** Only those of commits written at this time or later, milliseconds since 1970. */
  readonly from: number;
  /** Only those of commits written at this time or earlier. */
  readonly to: number;
  /** Only those that are open, or are not. @default both */
  readonly isOpen?: boolean | undefined;
  /** Others are left out. */
  readonly includes: (entry: LedgerEntry) => boolean;
  /** The end of the previous page. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Entries in the order of time. A page with an `end` may be empty. */
export interface LedgerPage {
  readonly items: readonly LedgerEntry[];
  /** Undefined if none follow. */
  readonly end: string | undefined;
}

/** This Region's replica of the `conflicts` table. Each Region only writes entries and watches of its own. */
export interface Ledger {
  /** All about a stream. Strongly consistent for what this Region writes; the rest as far as it has arrived. */
  ofStream(stream: string): Promise<StreamLedger>;
  /**
   * Writes an entry, if the stored one has the previous revision, or, before the first revision, there is none.
   * @returns true if it was written
   */
  put(entry: LedgerEntry): Promise<boolean>;
  /** Says that later commits of the stream concern this Region, because they may resolve a conflict. Replaces the token. */
  watch(stream: string, region: string, token: string): Promise<void>;
  /** Ends that, if the token is still this one. */
  unwatch(stream: string, region: string, token: string): Promise<void>;
  /** Those of the streams that a Region watches; strongly consistent in that Region. */
  watched(streams: readonly string[], region: string): Promise<ReadonlySet<string>>;
  /** A page of the entries of all streams, by time. Eventually consistent: one Query per shard and status. */
  page(request: LedgerPageRequest): Promise<LedgerPage>;
}
