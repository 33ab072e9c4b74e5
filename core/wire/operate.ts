import * as z from 'zod';
import { type Problem, problemSchema } from '../facts/errors.ts';
import { MAX_REBUILD_SEGMENTS, MAX_REPUBLISH_SEGMENTS } from '../limits/budgets.ts';

const choice = {
  /** Only these messages. */
  ids: z.array(z.string().min(1).max(200)).min(1).max(1000).optional(),
  filter: z
    .strictObject({
      /** A part of the reason, whatever its case. */
      reason: z.string().optional(),
      /** A stream, or a type of streams. */
      stream: z.string().optional(),
    })
    .default({}),
};

const quarantineListRequestSchema = z.strictObject({
  ...choice,
  /** So many at most. */
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
  /** Sends and removes nothing. */
  dryRun: z.boolean().default(false),
  /** Only what came in until then, in milliseconds since 1970; now by default. */
  before: z.number().optional(),
});

const drivenSchema = z.object({
  id: z.string(),
  sentAt: z.iso.datetime(),
  receives: z.number(),
  reason: z.string(),
  detailType: z.string().optional(),
  stream: z.string().optional(),
  /** The `id` of the envelope in it. */
  envelopeId: z.string().optional(),
});

/** A message that was driven back. */
export type Driven = z.output<typeof drivenSchema>;

/** What came in, to the letter: what a redrive sends. */
const quarantinedSchema = drivenSchema.extend({ body: z.string() });

/** A message of the quarantine, as far as it can be read. */
export type Quarantined = z.output<typeof quarantinedSchema>;

const quarantineListSchema = z.object({
  messages: z.array(quarantinedSchema),
  /** About how many there are in all. */
  about: z.number(),
  /** Whether these are all that were chosen and that nobody else held. */
  complete: z.boolean(),
});

const quarantineAddSchema = z.object({
  added: z.number(),
  failed: z.array(z.object({ index: z.number(), why: z.string() })),
});

const redriveSchema = z.object({
  /** How many messages were looked at. */
  examined: z.number(),
  /** Sent to `ingest` and removed from here; in a dry run those that would be. */
  redriven: z.array(drivenSchema),
  /** Looked at and left here. */
  kept: z.number(),
  /** Left here because they could not be sent, or sent but still here: once more does no harm. */
  failed: z.array(z.object({ id: z.string(), why: z.string() })),
  /** About how many there were before. */
  about: z.number(),
  /** Whether none was left to look at that nobody else held. */
  complete: z.boolean(),
  /** To be given to the next call: what came in later is left alone, or what comes back would be sent for ever. */
  before: z.number(),
});

const republishStepRequestSchema = z
  .strictObject({
    /** Commits written at that time or later, by their stamps. */
    since: z.iso.datetime({ offset: true }),
    segment: z.int().min(0),
    /** Parts of the table that are read side by side: the same number in every step. */
    segments: z.int().min(1).max(MAX_REPUBLISH_SEGMENTS),
    /** Where the step before ended. */
    cursor: z.string().optional(),
    /** Only counts what would be published. */
    dryRun: z.boolean().default(false),
  })
  .refine(({ segment, segments }) => segment < segments, { path: ['segment'], message: 'is not below segments' });

const republishStepSchema = z.object({
  /** Commits read. */
  scanned: z.number(),
  /** Events published, or that would be. */
  published: z.number(),
  /**
   * Events that the bus did not take, and intents that the resolver's queue did not take. The cursor stands before them: go
   * on from it to try them again.
   */
  failed: z.number(),
  /** Where the next step begins; none: the segment is done. */
  cursor: z.string().optional(),
});

const viewSchema = z.string();

const rebuildBeginRequestSchema = z.strictObject({
  view: viewSchema,
  /** Parts of the table that are read side by side. A build that is under way keeps its own number. */
  segments: z.int().min(1).max(MAX_REBUILD_SEGMENTS).default(4),
});

const rebuildStepRequestSchema = z.strictObject({ view: viewSchema, build: z.int(), segment: z.int().min(0) });

const rebuildRequestSchema = z.strictObject({ view: viewSchema });

const shownSchema = z.object({
  codeVersion: z.number(),
  build: z.number(),
  shards: z.number(),
  /** Commits have passed it by: only a new build has all of them. */
  behind: z.boolean(),
});

/** How far the rebuild of a view is. */
const rebuildStatusSchema = z.object({
  view: z.string(),
  /** Of the view's code that answered. */
  codeVersion: z.number(),
  /** The build that is under way; when none is, the one that is read. */
  build: z.number(),
  segments: z.array(z.object({ segment: z.number(), streams: z.number(), done: z.boolean() })),
  /** Streams that the build has looked at. */
  streams: z.number(),
  /** No build is under way: what is read is the last one. */
  done: z.boolean(),
  /** What is read. */
  active: shownSchema,
  /** Generations that are no longer read, whose rows are there still, and when they may be taken away. */
  retired: z.array(z.object({ codeVersion: z.number(), build: z.number(), removableAt: z.iso.datetime() })),
});

/**
 * What an operator can ask of a Region, by its name: what is sent, and what comes back. Each action works for some seconds at
 * most, then returns how far it is: whoever asked asks again.
 */
const schemas = {
  'rebuild-begin': { request: rebuildBeginRequestSchema, result: rebuildStatusSchema },
  'rebuild-step': { request: rebuildStepRequestSchema, result: rebuildStatusSchema },
  'rebuild-status': { request: rebuildRequestSchema, result: rebuildStatusSchema },
  'rebuild-clean': { request: rebuildRequestSchema, result: rebuildStatusSchema },
  'republish-step': { request: republishStepRequestSchema, result: republishStepSchema },
  'quarantine-list': { request: quarantineListRequestSchema, result: quarantineListSchema },
  'quarantine-add': { request: quarantineAddRequestSchema, result: quarantineAddSchema },
  'quarantine-redrive': { request: redriveRequestSchema, result: redriveSchema },
};

export type OperatorAction = keyof typeof schemas;

/** An action's request as it is sent: with defaults left out. */
export type ActionInput<Name extends OperatorAction> = z.input<(typeof schemas)[Name]['request']>;

/** An action's request as it is read. */
export type ActionRequest<Name extends OperatorAction> = z.output<(typeof schemas)[Name]['request']>;

export type ActionResult<Name extends OperatorAction> = z.output<(typeof schemas)[Name]['result']>;

/** The same, by the type of each action: so it can be read with a name that is only known to be one of them. */
export const operatorActions: {
  readonly [Name in OperatorAction]: {
    readonly request: z.ZodType<ActionRequest<Name>>;
    readonly result: z.ZodType<ActionResult<Name>>;
  };
} = schemas;

export function isOperatorAction(name: string): name is OperatorAction {
  return Object.hasOwn(operatorActions, name);
}

/** What is sent to a Region's `operate` function. */
export type OperateRequest = { readonly action: OperatorAction };

export function encodeOperateRequest<Name extends OperatorAction>(
  action: Name,
  input: ActionInput<Name>,
): OperateRequest {
  return { ...input, action };
}

/** Of a request whose action need not be one of ours: what else is in it is for the action to read. */
export const operateRequestSchema = z.looseObject({ action: z.string() });

/** What a Region's `operate` function answers: an action's result, or why there is none. */
export type OperateAnswer = { readonly result: unknown } | { readonly problem: Problem };

/** Of an answer that came as JSON. */
export const operateAnswerSchema: z.ZodType<OperateAnswer> = z.union([
  z.object({ problem: problemSchema }),
  z.object({ result: z.unknown() }),
]);
