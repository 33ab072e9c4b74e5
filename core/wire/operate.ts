import * as z from 'zod';
import { type Problem, problemSchema } from '../facts/errors.ts';
import { MAX_REBUILD_SEGMENTS, MAX_REPUBLISH_SEGMENTS } from '../limits/budgets.ts';
import {
  lostDecideRequestSchema,
  lostDecideSchema,
  lostDecisionsRequestSchema,
  lostDecisionsSchema,
  lostFinishRequestSchema,
  lostFinishSchema,
  lostScanRequestSchema,
  lostScanSchema,
} from './lost.ts';
import { pinnedSchema, pinRequestShape } from './pin.ts';
import { entryKeySchema, placementSchema } from './placement.ts';
import {
  repairItemRequestSchema,
  repairItemSchema,
  repairRowRequestSchema,
  repairRowSchema,
  repairTransactionRequestSchema,
  repairTransactionSchema,
  verifyCommitsRequestSchema,
  verifyCommitsSchema,
  verifyDecisionsRequestSchema,
  verifyDecisionsSchema,
  verifyItemRequestSchema,
  verifyItemSchema,
  verifyScanRequestSchema,
  verifyScanSchema,
  verifyStreamsRequestSchema,
  verifyStreamsSchema,
  verifyViewRequestSchema,
  verifyViewSchema,
} from './verify.ts';

const choice = {
  /** Restricts the action to these messages. */
  ids: z.array(z.string().min(1).max(200)).min(1).max(1000).optional(),
  filter: z
    .strictObject({
      /** Part of the reason, case-insensitive. */
      reason: z.string().optional(),
      /** A stream, or a stream type. */
      stream: z.string().optional(),
    })
    .default({}),
};

const quarantineListRequestSchema = z.strictObject({
  ...choice,
  /** Maximum number of messages. */
  limit: z.int().min(1).max(1000).default(100),
});

const quarantineAddRequestSchema = z.strictObject({
  messages: z
    .array(z.strictObject({ reason: z.string().max(10_000), body: z.string() }))
    .min(1)
    .max(100),
});

const redriveRequestSchema = z.strictObject({
  ...choice,
  limit: z.int().min(1).max(1000).default(1000),
  /** Reports what would be sent, and changes nothing. */
  dryRun: z.boolean().default(false),
  /** Only messages received up to this time, in milliseconds since 1970; now by default. */
  before: z.number().optional(),
});

const drivenSchema = z.object({
  id: z.string(),
  sentAt: z.iso.datetime(),
  receives: z.number(),
  reason: z.string(),
  detailType: z.string().optional(),
  stream: z.string().optional(),
  /** The `id` of the message's envelope. */
  envelopeId: z.string().optional(),
});

/** A redriven message. */
export type Driven = z.output<typeof drivenSchema>;

/** A message with its original body, which a redrive sends. */
const quarantinedSchema = drivenSchema.extend({ body: z.string() });

/** A quarantined message, as far as it can be read. */
export type Quarantined = z.output<typeof quarantinedSchema>;

const quarantineListSchema = z.object({
  messages: z.array(quarantinedSchema),
  /** Approximate number of messages in the quarantine. */
  about: z.number(),
  /** True if the list includes all matching messages that were visible. */
  complete: z.boolean(),
});

const quarantineAddSchema = z.object({
  added: z.number(),
  failed: z.array(z.object({ index: z.number(), why: z.string() })),
});

const redriveSchema = z.object({
  /** Number of messages examined. */
  examined: z.number(),
  /** Messages sent to `ingest` and removed; in a dry run, the messages that would be sent. */
  redriven: z.array(drivenSchema),
  /** Number of messages examined and not chosen. */
  kept: z.number(),
  /** Messages that could not be sent, or were sent but not removed. Repeating the redrive is harmless. */
  failed: z.array(z.object({ id: z.string(), why: z.string() })),
  /** Approximate number of messages before the redrive. */
  about: z.number(),
  /** True if no visible message was left to examine. */
  complete: z.boolean(),
  /**
   * Pass this to the next call. Later messages are not sent; otherwise a message that returns to the quarantine would
   * be sent again and again.
   */
  before: z.number(),
});

const republishStepRequestSchema = z
  .strictObject({
    /** Commits written and decisions made at this time or later, by their stamps. */
    since: z.iso.datetime({ offset: true }),
    segment: z.int().min(0),
    /** Number of segments of each table, read in parallel: the same in every step. */
    segments: z.int().min(1).max(MAX_REPUBLISH_SEGMENTS),
    /** The cursor returned by the previous step. */
    cursor: z.string().optional(),
    /** Only counts what would be published and scheduled. */
    dryRun: z.boolean().default(false),
    /** A lost Region: publishes what it wrote, as far as it has arrived here, and nothing else. @default what was written here */
    of: z.string().optional(),
  })
  .refine(({ segment, segments }) => segment < segments, { path: ['segment'], message: 'must be less than segments' });

const republishStepSchema = z.object({
  /** Number of commits read. */
  scanned: z.number(),
  /** Number of events and outcomes published; in a dry run, of those that would be published. */
  published: z.number(),
  /** Number of events that the bus will never accept, and that are now in the quarantine. Undefined in results of older code. */
  refused: z.number().optional(),
  /**
   * Number of checks scheduled with the resolver, of intents and of transactions that are not decided; in a dry run, of
   * those that would be scheduled. A check of what is decided by then changes nothing. Undefined in results of older code.
   */
  scheduled: z.number().optional(),
  /**
   * Number of events and outcomes refused by the bus, and of checks refused by the resolver's queue. The cursor points to them:
   * continue from it to retry.
   */
  failed: z.number(),
  /** Where the next step starts; undefined if the segment is done. */
  cursor: z.string().optional(),
});

const conflictsCountRequestSchema = z.strictObject({});

const conflictsCountSchema = z.object({
  /** Number of open conflicts. */
  open: z.number(),
  /** True if there may be more: only so many are counted at once. */
  more: z.boolean(),
  /** When the commit of the oldest one was written; undefined if there are none. */
  oldest: z.iso.datetime().optional(),
});

const viewSchema = z.string();

const rebuildBeginRequestSchema = z.strictObject({
  view: viewSchema,
  /** Number of segments of the table, read in parallel. A build in progress keeps its own number. */
  segments: z.int().min(1).max(MAX_REBUILD_SEGMENTS).default(4),
});

const rebuildStepRequestSchema = z.strictObject({ view: viewSchema, build: z.int(), segment: z.int().min(0) });

const rebuildRequestSchema = z.strictObject({ view: viewSchema });

const shownSchema = z.object({
  codeVersion: z.number(),
  build: z.number(),
  shards: z.number(),
  /** Set if the generation has skipped commits: only a new build is complete. */
  behind: z.boolean(),
});

/** The progress of a view's rebuild. */
const rebuildStatusSchema = z.object({
  view: z.string(),
  /** Version of the view's code that returned this status. */
  codeVersion: z.number(),
  /** The build in progress; if there is none, the active build. */
  build: z.number(),
  segments: z.array(z.object({ segment: z.number(), streams: z.number(), done: z.boolean() })),
  /** Number of streams that the build has processed. */
  streams: z.number(),
  /** True if no build is in progress: the active generation is the latest. */
  done: z.boolean(),
  /** The generation that reads use. */
  active: shownSchema,
  /** Generations that are no longer read but whose rows still exist, with the time from which these may be deleted. */
  retired: z.array(z.object({ codeVersion: z.number(), build: z.number(), removableAt: z.iso.datetime() })),
});

const placementRequestSchema = z.strictObject({});

const placementShownSchema = z.object({
  region: z.string(),
  /** All deployed Regions. */
  regions: z.array(z.string()),
  /** The stream types that have a home. */
  types: z.array(z.string()),
  /** The newest entries that have arrived in the Region. */
  placement: placementSchema,
});

const placementResultSchema = z.object({
  ...placementShownSchema.shape,
  /** Set by code that knows that a single stream can have another home than that by its id. */
  pins: z.literal(true).exactOptional(),
});

const moveRequestSchema = z.strictObject({
  /** The Region that writes the streams now. */
  from: z.string(),
  to: z.string(),
  /** Only streams of this type. */
  type: z.string().optional(),
  /** Only streams with this home. */
  home: z.string().optional(),
  /** `forced`: without the Region that writes them now, which is lost. */
  kind: z.enum(['planned', 'forced']),
  /** The newest entries that the operator has seen, of all Regions. */
  known: placementSchema,
  /** A forced move is refused without it. */
  acceptLossWindow: z.boolean().default(false),
});

const moveSchema = z.object({
  ...placementShownSchema.shape,
  /** The entries of the move. */
  moved: placementSchema,
});

const completeRequestSchema = z.strictObject({
  /** The entries of which all Regions show that they know them, by scope. */
  entries: z.record(z.string(), entryKeySchema).refine((entries) => Object.keys(entries).length > 0, 'names no entry'),
  /** True if all Regions have been found to have the same commits of these streams, after the wait. */
  compared: z.boolean().default(false),
});

const completeSchema = z.object({
  ...placementShownSchema.shape,
  /** Milliseconds to wait before the Regions may be compared; 0 if there is nothing to wait for. */
  waitMs: z.number(),
});

const moveStreamRequestSchema = z.strictObject(pinRequestShape);

/**
 * The operator actions of a Region by name, with their requests and results. An action runs for some seconds at most,
 * then returns its progress; the caller repeats it until it is done.
 */
const schemas = {
  'rebuild-begin': { request: rebuildBeginRequestSchema, result: rebuildStatusSchema },
  'rebuild-step': { request: rebuildStepRequestSchema, result: rebuildStatusSchema },
  'rebuild-status': { request: rebuildRequestSchema, result: rebuildStatusSchema },
  'rebuild-clean': { request: rebuildRequestSchema, result: rebuildStatusSchema },
  'republish-step': { request: republishStepRequestSchema, result: republishStepSchema },
  'conflicts-count': { request: conflictsCountRequestSchema, result: conflictsCountSchema },
  placement: { request: placementRequestSchema, result: placementResultSchema },
  move: { request: moveRequestSchema, result: moveSchema },
  complete: { request: completeRequestSchema, result: completeSchema },
  'lost-scan': { request: lostScanRequestSchema, result: lostScanSchema },
  'lost-decisions': { request: lostDecisionsRequestSchema, result: lostDecisionsSchema },
  'lost-decide': { request: lostDecideRequestSchema, result: lostDecideSchema },
  'lost-finish': { request: lostFinishRequestSchema, result: lostFinishSchema },
  'move-stream': { request: moveStreamRequestSchema, result: pinnedSchema },
  'verify-scan': { request: verifyScanRequestSchema, result: verifyScanSchema },
  'verify-streams': { request: verifyStreamsRequestSchema, result: verifyStreamsSchema },
  'verify-commits': { request: verifyCommitsRequestSchema, result: verifyCommitsSchema },
  'verify-decisions': { request: verifyDecisionsRequestSchema, result: verifyDecisionsSchema },
  'verify-view': { request: verifyViewRequestSchema, result: verifyViewSchema },
  'verify-item': { request: verifyItemRequestSchema, result: verifyItemSchema },
  'repair-item': { request: repairItemRequestSchema, result: repairItemSchema },
  'repair-row': { request: repairRowRequestSchema, result: repairRowSchema },
  'repair-transaction': { request: repairTransactionRequestSchema, result: repairTransactionSchema },
  'quarantine-list': { request: quarantineListRequestSchema, result: quarantineListSchema },
  'quarantine-add': { request: quarantineAddRequestSchema, result: quarantineAddSchema },
  'quarantine-redrive': { request: redriveRequestSchema, result: redriveSchema },
};

export type OperatorAction = keyof typeof schemas;

/** An action's request as sent: defaults may be omitted. */
export type ActionInput<Name extends OperatorAction> = z.input<(typeof schemas)[Name]['request']>;

/** An action's request as parsed. */
export type ActionRequest<Name extends OperatorAction> = z.output<(typeof schemas)[Name]['request']>;

export type ActionResult<Name extends OperatorAction> = z.output<(typeof schemas)[Name]['result']>;

/** The schemas of all actions, typed so that an action's name that is not known at compile time can index them. */
export const operatorActions: {
  readonly [Name in OperatorAction]: {
    readonly request: z.ZodType<ActionRequest<Name>>;
    readonly result: z.ZodType<ActionResult<Name>>;
  };
} = schemas;

export function isOperatorAction(name: string): name is OperatorAction {
  return Object.hasOwn(operatorActions, name);
}

/** The request of a Region's `operate` function. */
export type OperateRequest = { readonly action: OperatorAction };

export function encodeOperateRequest<Name extends OperatorAction>(
  action: Name,
  input: ActionInput<Name>,
): OperateRequest {
  return { ...input, action };
}

/** A request whose action may be unknown; its other members are parsed with the action's own schema. */
export const operateRequestSchema = z.looseObject({ action: z.string() });

/** The response of a Region's `operate` function: an action's result, or a problem. */
export type OperateAnswer = { readonly result: unknown } | { readonly problem: Problem };

/** The schema of a response received as JSON. */
export const operateAnswerSchema: z.ZodType<OperateAnswer> = z.union([
  z.object({ problem: problemSchema }),
  z.object({ result: z.unknown() }),
]);
