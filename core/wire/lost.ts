// What Regions are asked, and answer, when the transactions of a Region that is lost permanently are decided without it.

import * as z from 'zod';
import { MAX_VERIFIED } from '../limits/budgets.ts';
import { decisionSchema } from './decision.ts';
import { positionSchema, streamNameSchema, versionVectorSchema } from './schemas.ts';

const lostSchema = z.string().min(1).max(100);
const placeShape = { stream: streamNameSchema, log: z.string().min(1).max(100), position: positionSchema };

/** An intent as a Region's table has it. */
const lostIntentSchema = z.object({
  ...placeShape,
  /** The id of its attempt. */
  commitId: z.string(),
  fingerprint: z.string(),
  /** The Region that wrote it. */
  region: z.string(),
  state: z.enum(['prepared', 'committed', 'aborted']),
  /** Milliseconds since 1970, by the clock of the Region that wrote it. */
  deadline: z.number(),
  /** The version that covers it, and what it was based on. */
  version: versionVectorSchema,
});

/** An intent as a Region's table has it. */
export type LostIntent = z.output<typeof lostIntentSchema>;

/** `lost-scan`: the intents that a lost Region wrote or drove and that are not final; with `attempts`, all of these attempts. */
export const lostScanRequestSchema = z.strictObject({
  lost: lostSchema,
  attempts: z.array(z.string().min(1).max(200)).min(1).max(MAX_VERIFIED).optional(),
  cursor: z.string().max(10_000).optional(),
});

export const lostScanSchema = z.object({
  /** Number of items read. */
  scanned: z.number(),
  intents: z.array(lostIntentSchema),
  cursor: z.string().exactOptional(),
});

/** `lost-decisions`: the decisions on transactions that this Region knows. */
export const lostDecisionsRequestSchema = z.strictObject({
  transactions: z.array(z.string().min(1).max(200)).min(1).max(MAX_VERIFIED),
});

export const lostDecisionsSchema = z.object({
  decisions: z.array(decisionSchema),
});

/** `lost-decide`: records a decision, unless its attempt has one here. */
export const lostDecideRequestSchema = z.strictObject({ lost: lostSchema, decision: decisionSchema });

export const lostDecideSchema = z.object({
  /** The decision that is recorded. */
  decision: decisionSchema,
});

/** `lost-finish`: makes an intent final that this Region wrote, or the lost one. */
export const lostFinishRequestSchema = z.strictObject({
  lost: lostSchema,
  intent: z.strictObject({ ...placeShape, commitId: z.string() }),
  state: z.enum(['committed', 'aborted']),
});

export const lostFinishSchema = z.object({
  /** False if it is not here, or final already. */
  finished: z.boolean(),
});
