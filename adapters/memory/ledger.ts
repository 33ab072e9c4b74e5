import { listedKeyOf } from '../../core/facts/ledger.ts';
import type { Ledger, LedgerEntry } from '../../core/index.ts';
import { decodeLedgerEntry, encodeLedgerEntry } from '../../core/wire/ledger.ts';
import { keyOrder } from '../store-rules/key-order.ts';
import { bucketOf, entryKeyOf, ledgerPage } from '../store-rules/ledger-keys.ts';

export interface MemoryLedgerOptions {
  /** Called with every entry that is written or arrives. */
  readonly onChange?: (entry: LedgerEntry, before: LedgerEntry | undefined) => void;
}

/** The `conflicts` table of one Region, in memory. Watches concern no other Region, and are not replicated. */
export interface MemoryLedger extends Ledger {
  /** Adds an entry that another Region wrote, unless a later revision is here. */
  replicate(entry: LedgerEntry): void;
  /** All entries. */
  items(): readonly LedgerEntry[];
}

export function memoryLedger({ onChange = () => undefined }: MemoryLedgerOptions = {}): MemoryLedger {
  /** The entries of each stream as text, by their keys. */
  const streams = new Map<string, Map<string, string>>();
  const watches = new Map<string, Map<string, string>>();

  const ofStream = (stream: string): readonly LedgerEntry[] =>
    [...(streams.get(stream)?.values() ?? [])].map(decodeLedgerEntry);
  const all = (): readonly LedgerEntry[] => [...streams.keys()].flatMap(ofStream);
  const find = (entry: LedgerEntry): LedgerEntry | undefined => {
    const text = streams.get(entry.stream)?.get(entryKeyOf(entry));
    return text === undefined ? undefined : decodeLedgerEntry(text);
  };
  const store = (entry: LedgerEntry, before: LedgerEntry | undefined): void => {
    const entries = streams.get(entry.stream) ?? new Map<string, string>();
    streams.set(entry.stream, entries.set(entryKeyOf(entry), encodeLedgerEntry(entry)));
    onChange(entry, before);
  };

  return {
    ofStream: async (stream) => ({
      entries: ofStream(stream),
      watches: Object.fromEntries(watches.get(stream) ?? []),
    }),
    put: async (entry) => {
      const before = find(entry);
      if ((before?.revision ?? 0) !== entry.revision - 1) return false;
      store(entry, before);
      return true;
    },
    watch: async (stream, region, token) => {
      watches.set(stream, (watches.get(stream) ?? new Map<string, string>()).set(region, token));
    },
    unwatch: async (stream, region, token) => {
      if (watches.get(stream)?.get(region) === token) watches.get(stream)?.delete(region);
    },
    watched: async (names, region) => new Set(names.filter((stream) => watches.get(stream)?.has(region))),
    page: (request) =>
      ledgerPage(request, async (bucket, { first, last }, limit) => {
        const found = all()
          .filter((entry) => bucketOf(entry) === bucket)
          .map((item) => ({ key: listedKeyOf(item), item }))
          .filter(({ key }) => key >= first && key <= last)
          .sort((a, b) => keyOrder(a.key, b.key));
        const items = found.slice(0, limit);
        return { items, end: found.length > limit ? items.at(-1)?.key : undefined };
      }),
    replicate: (entry) => {
      const before = find(entry);
      if ((before?.revision ?? 0) < entry.revision) store(entry, before);
    },
    items: all,
  };
}
