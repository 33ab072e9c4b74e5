import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { dynamoDbLedger } from '../../adapters/dynamodb/ledger.ts';
import {
  entryImageSchema,
  entryItemSchema,
  entryTextIn,
  fromEntryImage,
  fromEntryItem,
  fromStreamItems,
  toEntryImage,
  toEntryItem,
  toWatchItem,
  watchItemSchema,
} from '../../adapters/dynamodb/ledger-item.ts';
import { changeOf } from '../../adapters/dynamodb/table-change.ts';
import type { LedgerEntry } from '../../core/index.ts';
import {
  encodeListed,
  encodeListedPage,
  type ListedConflict,
  listedConflictSchema,
  listedPageSchema,
  parseListedCursor,
} from '../../core/wire/api.ts';
import {
  type AnnouncedConflict,
  announcedConflictSchema,
  CONFLICT_SOURCE,
  conflictDetailTypeOf,
  conflictEntryOf,
} from '../../core/wire/conflict-event.ts';
import { decodeLedgerEntry, encodeLedgerEntry, ledgerEntrySchema } from '../../core/wire/ledger.ts';
import { decodeVersionToken } from '../../core/wire/version-token.ts';
import { aTable, itemSchema, TABLE } from './a-table.ts';
import { type Form, item, message } from './form.ts';

interface Watch {
  readonly stream: string;
  readonly watches: Readonly<Record<string, string>>;
}

function ledgerOf(form: unknown) {
  return dynamoDbLedger(aTable([itemSchema.parse(form)]).client, TABLE);
}

/** The items of the table `conflicts`. */
export const ledgerItems: Readonly<Record<string, Form>> = {
  'ledger-entry-item': item({
    read: async (form) => {
      const inStream = changeOf({ eventName: 'INSERT', NewImage: form }, 'us-east-1');
      const [entry] = (await ledgerOf(form).ofStream('note/n')).entries;
      return isDeepStrictEqual(inStream, { conflict: entry }) ? entry : undefined;
    },
    write: async (entry: LedgerEntry | undefined) => {
      const { client, written } = aTable();
      if (entry) await dynamoDbLedger(client, TABLE).put(entry);
      return written()[0];
    },
    uses: [
      ...[dynamoDbLedger, toEntryItem, fromEntryItem, fromStreamItems, entryItemSchema],
      ...[encodeLedgerEntry, decodeLedgerEntry, ledgerEntrySchema],
      ...[entryTextIn, fromEntryImage, entryImageSchema, toEntryImage],
    ],
  }),
  'ledger-watch-item': item({
    read: async (form): Promise<Watch> => ({
      stream: 'note/n',
      watches: (await ledgerOf(form).ofStream('note/n')).watches,
    }),
    write: async ({ stream, watches }: Watch) => {
      const { client, written } = aTable();
      for (const [region, token] of Object.entries(watches))
        await dynamoDbLedger(client, TABLE).watch(stream, region, token);
      return written()[0];
    },
    uses: [dynamoDbLedger, toWatchItem, watchItemSchema],
  }),
};

/** What `GET /conflicts` answers. */
export const listedPage = message({
  read: (form) => listedPageSchema.parse(form),
  write: ({ region, conflicts, next }: z.output<typeof listedPageSchema>) =>
    encodeListedPage(region, { entries: conflicts.map(entryOf), next: next && parseListedCursor(next) }),
  uses: [listedPageSchema, listedConflictSchema, encodeListed, encodeListedPage, parseListedCursor],
});

/** A conflict on the bus. */
export const conflictAnnouncement = message({
  read: (form) => announcedConflictSchema.parse(entrySchema.parse(form).detail),
  write: ({ status, id: _id, meta, shortened: _shortened, ...listed }: AnnouncedConflict) => {
    const entry = { ...entryOf(listedConflictSchema.parse(listed)), writer: meta.region };
    const { detail, ...head } = conflictEntryOf({ ...entry, status: statusSchema.parse(status) });
    return { ...head, detail: JSON.parse(detail) };
  },
  uses: [conflictEntryOf, CONFLICT_SOURCE, announcedConflictSchema, conflictDetailTypeOf],
});

const entrySchema = z.object({ detail: z.unknown() });
const statusSchema = ledgerEntrySchema.shape.status;

/** An entry that is shown so. */
function entryOf({
  stream,
  open,
  about,
  branches,
  merged,
  resolvedBy,
  repairedBy,
  ...shown
}: ListedConflict): LedgerEntry {
  const [own = '', other = ''] = branches;
  const { log, position, commitId, region, hlc, at, against, count, revision } = shown;
  const logs = Map.groupBy(against, (dot) => dot.log);
  return {
    ...{ stream, commit: { log, position, commitId, region, hlc }, at: Date.parse(at), count, revision },
    kind: shown.kind as LedgerEntry['kind'],
    about: about.map((each) => ({ part: each.part, rule: each.rule, isOpen: each.open })),
    against: Object.fromEntries([...logs].map(([name, dots]) => [name, dots.map((dot) => dot.position)])),
    branches: [decodeVersionToken(stream, own, 'branches'), decodeVersionToken(stream, other, 'branches')],
    merged: decodeVersionToken(stream, merged, 'merged'),
    status: open ? 'open' : 'resolved',
    ...(resolvedBy && { resolvedBy }),
    ...(repairedBy && { repairedBy }),
    covered: {},
    writer: region,
  };
}
