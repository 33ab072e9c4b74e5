// What Regions are asked, and answer, when their tables are compared and repaired.

import * as z from 'zod';
import type { Commit } from '../facts/commit.ts';
import { MAX_VERIFIED } from '../limits/budgets.ts';
import { givenMetaSchema, positionSchema, streamNameSchema } from './schemas.ts';

/** What is younger than this, by its stamp or its decision, is left out: it may still be on its way. */
const untilSchema = z.iso.datetime({ offset: true });

const placeShape = { stream: z.string(), log: z.string(), position: z.number() };

/** What is wrong within the tables of one Region. */
const findingSchema = z.discriminatedUnion('kind', [
  /** A stream cannot be loaded, or a view cannot be computed from it. */
  z.object({ kind: z.literal('unreadable'), stream: z.string(), view: z.string().exactOptional(), why: z.string() }),
  /** A commit of the stream, or one that it depends on, is not in the table. */
  z.object({ kind: z.literal('gap'), ...placeShape }),
  /** The events of a commit do not match their digest. */
  z.object({ kind: z.literal('changed'), ...placeShape }),
  /** A stream has no row or contribution, one that lacks commits, or a wrong one. */
  z.object({ kind: z.enum(['row-missing', 'row-behind', 'row-wrong']), view: z.string(), stream: z.string() }),
  /** A row or contribution has commits that the table lacks: from this position of a log on. */
  z.object({ kind: z.literal('row-ahead'), view: z.string(), ...placeShape }),
  /** An intent is undecided long after its deadline, decided and not final, or final in another state than decided; or it has no decision. */
  z.object({
    kind: z.enum(['intent-undecided', 'intent-unfinished', 'intent-contradicts', 'intent-without-decision']),
    ...placeShape,
    transaction: z.string(),
  }),
  /** A commit of a committed transaction is not in the table. */
  z.object({ kind: z.literal('transaction-incomplete'), ...placeShape, transaction: z.string() }),
  /** A transaction that was to be tried again has no outcome long after its deadline. */
  z.object({ kind: z.literal('transaction-undecided'), transaction: z.string() }),
]);

/** What is wrong within the tables of one Region. */
export type Finding = z.output<typeof findingSchema>;

const cursorSchema = z.string().max(10_000);

/** `verify-scan`: which streams there are. */
export const verifyScanRequestSchema = z.strictObject({
  until: untilSchema,
  /** @default all, also those that the domain no longer has */
  types: z.array(z.string()).min(1).max(MAX_VERIFIED).optional(),
  cursor: cursorSchema.optional(),
});

export const verifyScanSchema = z.object({
  /** Number of items read. */
  scanned: z.number(),
  /** The streams on this page. The first one may be on the page before, too. */
  streams: z.array(z.string()),
  /** The views of these stream types. */
  views: z.array(z.object({ view: z.string(), type: z.string(), kind: z.enum(['rows', 'totals']) })),
  /** One-Region transactions that are incomplete or undecided. */
  findings: z.array(findingSchema),
  cursor: z.string().exactOptional(),
});

/** `verify-streams`: what this Region has of streams, and what is wrong with their rows and intents. */
export const verifyStreamsRequestSchema = z.strictObject({
  until: untilSchema,
  streams: z.array(streamNameSchema).min(1).max(MAX_VERIFIED),
});

export const verifyStreamsSchema = z.object({
  streams: z.array(
    z.object({
      stream: z.string(),
      /** Number of commits that the hash includes. */
      commits: z.number(),
      /** The last position of each log. */
      heads: z.record(z.string(), z.number()),
      /** A rolling hash over the commits up to that time, in the order of log and position. */
      hash: z.string(),
    }),
  ),
  findings: z.array(findingSchema),
  /** Streams that no time was left for: ask again. */
  rest: z.array(z.string()),
});

/** `verify-commits`: the commits of one log, to find which ones differ. */
export const verifyCommitsRequestSchema = z.strictObject({
  until: untilSchema,
  stream: streamNameSchema,
  log: z.string().min(1).max(100),
  /** The position after which they start. */
  after: z.int().min(0).default(0),
});

export const verifyCommitsSchema = z.object({
  commits: z.array(
    z.object({
      position: z.number(),
      /** Digest of everything that never changes. */
      digest: z.string(),
      /** The state of an intent. */
      state: z.enum(['prepared', 'committed', 'aborted']).exactOptional(),
      /** The Region that wrote it. */
      region: z.string(),
      /** False if the events do not match their digest. */
      intact: z.boolean(),
    }),
  ),
  /** The position after which the next page starts. */
  next: z.number().exactOptional(),
});

/** `verify-decisions`: decisions against the intents in this Region's table. */
export const verifyDecisionsRequestSchema = z.strictObject({
  until: untilSchema,
  cursor: cursorSchema.optional(),
  /** Only these. @default all, page by page */
  transactions: z.array(z.string().min(1).max(200)).min(1).max(MAX_VERIFIED).optional(),
});

export const verifyDecisionsSchema = z.object({
  scanned: z.number(),
  findings: z.array(findingSchema),
  cursor: z.string().exactOptional(),
});

/** `verify-view`: what the rows of a view add up to, or its totals. */
export const verifyViewRequestSchema = z.strictObject({
  view: z.string(),
  part: z.enum(['entries', 'totals']),
  /** The key after which the page starts. */
  after: z.string().max(2000).optional(),
});

export const verifyViewSchema = z.object({
  /** The build that reads use: what other builds have cannot be compared with it. */
  build: z.number(),
  /** True if this code does not keep the view up to date: rebuild it. */
  behind: z.boolean(),
  /** Number of entries or totals on this page. */
  read: z.number(),
  /** What they add up to. */
  sums: z.array(z.object({ key: z.string(), field: z.string(), sum: z.number() })),
  /** Streams whose entries have commits that the table lacks. */
  ahead: z.array(z.string()),
  /** The key after which the next page starts. */
  after: z.string().exactOptional(),
});

/** A whole commit, as it is taken from one Region's table to another's. */
export const wholeCommitSchema = z.object({
  stream: streamNameSchema,
  log: z.string().min(1).max(100),
  position: positionSchema,
  commitId: z.string(),
  fingerprint: z.string(),
  digest: z.string().exactOptional(),
  events: z.array(z.object({ type: z.string(), schemaVersion: z.int(), data: z.unknown() })),
  context: z.record(z.string(), z.int().min(0)),
  previous: z.int().min(0),
  hlc: z.string().regex(/^[0-9a-f]{16}$/),
  wallTime: z.number().exactOptional(),
  region: z.string(),
  meta: z.object({ ...givenMetaSchema.shape }),
  tx: z
    .object({
      state: z.enum(['committed', 'aborted']),
      deadline: z.number(),
      began: z.number().exactOptional(),
      timeout: z.number().exactOptional(),
      next: z.object({ transaction: z.string(), began: z.number() }).exactOptional(),
    })
    .exactOptional(),
  repair: z.literal(true).exactOptional(),
}) satisfies z.ZodType<Commit>;

/** `verify-item`: one commit, unless it is an intent that is not final. */
export const verifyItemRequestSchema = z.strictObject({
  stream: streamNameSchema,
  log: z.string().min(1).max(100),
  position: positionSchema,
});

export const verifyItemSchema = z.object({
  commit: wholeCommitSchema.exactOptional(),
});

/** `repair-item`: puts a commit that this Region's table lacks. */
export const repairItemRequestSchema = z.strictObject({
  commit: wholeCommitSchema,
  /** Its digest in the Region that it was read in. */
  digest: z.string(),
});

export const repairItemSchema = z.object({
  /** False if the table has a commit there. */
  put: z.boolean(),
});

/** `repair-row`: makes the row or contribution of a stream what this Region's table gives. */
export const repairRowRequestSchema = z.strictObject({ view: z.string(), stream: streamNameSchema });

export const repairRowSchema = z.object({
  /** False if another projector changed it in the meantime. */
  written: z.boolean(),
});

/** `repair-transaction`: has the resolver finish an intent that this Region wrote, or a transaction that it drives. */
export const repairTransactionRequestSchema = z.strictObject({
  intent: verifyItemRequestSchema.optional(),
  transaction: z.string().min(1).max(200).optional(),
});

export const repairTransactionSchema = z.object({
  /** Number of messages that the resolver was sent: 0 if nothing is left to do here. */
  sent: z.number(),
});
