import * as z from 'zod';
import type { Appended } from '../facts/append.ts';
import { type Problem, problemSchema } from '../facts/errors.ts';
import { type BusEntry, RECEIPT_SOURCE } from './bus.ts';
import { commitIdSchema, positionSchema, streamNameSchema } from './schemas.ts';
import { encodeVersionToken } from './version-token.ts';

/** Receipt of a committed envelope; without `log`, nothing had to be written. Receivers must ignore unknown members. */
export const acceptedSchema = z.looseObject({
  id: commitIdSchema,
  stream: streamNameSchema,
  version: z.string(),
  log: z.string().optional(),
  position: positionSchema.optional(),
});

export interface Accepted {
  /** The commitId. */
  readonly id: string;
  readonly stream: string;
  /** A version token. */
  readonly version: string;
  readonly log?: string | undefined;
  readonly position?: number | undefined;
}

export function encodeAccepted({ commitId, stream, version, dot }: Appended): Accepted {
  return { id: commitId, stream, version: encodeVersionToken(stream, version), ...dot };
}

/** Receipt of a refused envelope, with the reason. */
export const rejectedSchema = z.looseObject({
  id: commitIdSchema,
  stream: streamNameSchema.optional(),
  problem: problemSchema,
});

export interface Rejected {
  /** Id of the envelope. */
  readonly id: string;
  /** Stream of the envelope, if its name is valid. */
  readonly stream?: string | undefined;
  readonly problem: Problem;
}

/** The receipt of an envelope received over the bus; it stays on the bus of the Region that decided. */
export function acceptedEntry(accepted: Accepted): BusEntry {
  return entryOf('Accepted', accepted);
}

export function rejectedEntry(rejected: Rejected): BusEntry {
  return entryOf('Rejected', rejected);
}

function entryOf(detailType: 'Accepted' | 'Rejected', detail: Accepted | Rejected): BusEntry {
  return { source: RECEIPT_SOURCE, detailType, detail: JSON.stringify(detail) };
}
