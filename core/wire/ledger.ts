import * as z from 'zod';
import type { LedgerEntry } from '../facts/ledger.ts';
import { dotShape, streamNameSchema, versionVectorSchema } from './schemas.ts';

const conflictingSchema = z.object({ ...dotShape, commitId: z.string(), region: z.string() });

export const ledgerEntrySchema = z.object({
  stream: streamNameSchema,
  commit: z.object({ ...conflictingSchema.shape, hlc: z.string() }),
  at: z.number(),
  kind: z.enum(['concurrent', 'decided-twice', 'id-reused']),
  about: z.array(z.object({ part: z.string(), rule: z.string(), isOpen: z.boolean() })),
  against: z.record(z.string(), z.array(z.number())),
  count: z.number(),
  branches: z.tuple([versionVectorSchema, versionVectorSchema]),
  merged: versionVectorSchema,
  status: z.enum(['open', 'resolved', 'superseded']),
  resolvedBy: conflictingSchema.exactOptional(),
  repairedBy: conflictingSchema.exactOptional(),
  covered: versionVectorSchema,
  revision: z.number(),
  writer: z.string(),
});

/** Encodes an entry of the ledger as it is stored. */
export function encodeLedgerEntry(entry: LedgerEntry): string {
  return JSON.stringify(entry);
}

/** @throws Error if the text has no form of an entry */
export function decodeLedgerEntry(text: string): LedgerEntry {
  return ledgerEntrySchema.parse(JSON.parse(text));
}
