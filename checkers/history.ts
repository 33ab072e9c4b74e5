// A history: what clients did, which answers they got, and what is stored in the end. A recorder writes these lines; the
// checkers read nothing else. Times are milliseconds of one clock, which never jumps.
import * as z from 'zod';

const timeSchema = z.number();
/** A version vector: how far each log is known. */
const versionSchema = z.record(z.string(), z.int().nonnegative());
const dotSchema = z.object({ log: z.string(), position: z.int().positive() });

/**
 * What the streams of a type are, so that a checker can fold and judge them:
 * - `list`: of numbers, each appended once; `register`: of one number, or null
 * - `balance`: of an account that is never negative; `seats`: by whom each seat is taken, at most `capacity`; someone may have several
 * - `counter`: a sum
 * - `set`: of texts, add-wins: a removal leaves its text if its writer had not seen some insertion that is folded earlier
 * - `escrow`: a number that is never negative, and how much of it each log may take
 * - `claims`: who has claimed one thing that the first claim gets which was not refunded, and the refunds, which repairs add
 * - `entries`: the texts that were noted, each with the ids of the earlier ones that its writer had not seen
 */
export const KINDS = ['list', 'register', 'balance', 'seats', 'counter', 'set', 'escrow', 'claims', 'entries'] as const;
export type Kind = (typeof KINDS)[number];

const streamTypeSchema = z.object({
  mode: z.enum(['merge', 'home', 'strong']),
  kind: z.enum(KINDS),
  capacity: z.int().optional(),
});

/** The first line. */
const headerSchema = z.object({
  line: z.literal('history'),
  format: z.literal(1),
  source: z.enum(['simulator', 'deployment']),
  regions: z.array(z.string()),
  /** By stream type. */
  types: z.record(z.string(), streamTypeSchema),
  /** The Region that was the home of a `home` stream throughout, by stream. @default the Region that wrote its commits, if that was always the same one */
  homes: z.record(z.string(), z.string()).optional(),
  /**
   * How homes moved. `planned`: each `home` stream is still one object, whichever Regions have written it. `forced`: what a Region wrote
   * that was taken for lost may be concurrent with the rest. @default they did not move, or it is not known
   */
  moves: z.enum(['planned', 'forced']).optional(),
  seed: z.number().optional(),
});

/** What an operation does to a stream, in the words of its kind. */
export const effectSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('append'), value: z.number() }), // list
  z.object({ do: z.literal('write'), value: z.number() }), // register
  z.object({ do: z.literal('add'), amount: z.number() }), // balance (negative: withdraw, refused if there is not enough), counter
  z.object({ do: z.literal('take'), by: z.string() }), // seats
  z.object({ do: z.literal('release'), by: z.string() }), // seats
  z.object({ do: z.literal('insert'), value: z.string() }), // set
  z.object({ do: z.literal('remove'), value: z.string() }), // set
  z.object({ do: z.literal('grant'), amount: z.number(), region: z.string() }), // escrow: decided in this Region only
  z.object({ do: z.literal('use'), amount: z.number() }), // escrow: refused if the log of the Region holds less
  z.object({ do: z.literal('move'), amount: z.number(), from: z.string(), to: z.string() }), // escrow: from a Region to a log
  z.object({ do: z.literal('claim'), by: z.string() }), // claims: refused if a claim was not refunded
  z.object({ do: z.literal('refund'), id: z.string() }), // claims: of the claim with this id; only repairs do it
  z.object({ do: z.literal('note'), text: z.string() }), // entries
]);
export type Effect = z.infer<typeof effectSchema>;

const operation = {
  /** Number of the operation; a retry is an operation of its own. */
  op: z.int(),
  /** A client. Its operations do not overlap. */
  session: z.string(),
  /** Where the request was sent. */
  region: z.string(),
  begin: timeSchema,
  /** When the answer arrived; missing: it never did. */
  end: timeSchema.optional(),
};

/**
 * - `ok`: it has taken effect; `refused`: it has not, and never will (by this operation)
 * - `unknown`: no answer, or one that leaves it open
 */
const resultSchema = z.enum(['ok', 'refused', 'unknown']);

const appendSchema = z.object({
  line: z.literal('append'),
  ...operation,
  stream: z.string(),
  /** The id of the append: operations with the same one are retries. */
  id: z.string(),
  effect: effectSchema,
  /** On a `home` stream: exactly at this version, or refused. */
  expected: versionSchema.optional(),
  /** On a `merge` stream: decided on this version. */
  basedOn: versionSchema.optional(),
  result: resultSchema,
  /** Why it was refused, or is unknown: `rejected`, `version-conflict`, `unavailable`, … */
  code: z.string().optional(),
  /** The commit that the answer names; missing if nothing changed. */
  dot: dotSchema.optional(),
  version: versionSchema.optional(),
});

const readSchema = z.object({
  line: z.literal('read'),
  ...operation,
  stream: z.string(),
  atLeast: versionSchema.optional(),
  /** True if a `strong` stream was read from the Region's replica alone. */
  local: z.boolean().optional(),
  result: resultSchema,
  code: z.string().optional(),
  version: versionSchema.optional(),
  /** list: numbers; register: number or null; balance, counter: number; seats, set: texts; escrow: {value, rights by log}; claims: {claims, refunds}, ids; entries: {id, commitId, text, unseen} */
  state: z.unknown().optional(),
});

const transactSchema = z.object({
  line: z.literal('transact'),
  ...operation,
  id: z.string(),
  participants: z.array(z.object({ stream: z.string(), effect: effectSchema })),
  /** What was read before, and holds at the commit point if it commits. */
  checks: z.array(z.object({ stream: z.string(), version: versionSchema, state: z.unknown() })),
  /** `ok`: committed; `refused`: aborted */
  result: resultSchema,
  code: z.string().optional(),
  /** When the promise (202) of an outcome arrived, if one did. */
  promised: timeSchema.optional(),
});

/** Some Region showed, or announced, the outcome of a transaction. */
const outcomeSchema = z.object({
  line: z.literal('outcome'),
  at: timeSchema,
  /** When it was asked for. @default it was announced, or asked for at `at` */
  begin: timeSchema.optional(),
  region: z.string(),
  id: z.string(),
  state: z.enum(['committed', 'aborted', 'undecided', 'unknown']),
});

const commitSchema = z.object({
  ...dotSchema.shape,
  commitId: z.string(),
  /** Where it was written. */
  region: z.string(),
  /** What the writer had seen, its own log included. */
  context: versionSchema,
  hlc: z.string(),
  /** The writer's clock, milliseconds since 1970. @default the time in `hlc` */
  wallTime: z.number().optional(),
  /** `prepared`: an intent that is not final; `aborted`: an empty position */
  state: z.enum(['visible', 'prepared', 'aborted']),
  /** Deadline of an intent, by the history's clock. */
  deadline: timeSchema.optional(),
  /** Distinguishes a retry from a reused id. */
  fingerprint: z.string().optional(),
  /** A repair of conflicts. Of concurrent ones only the one that is folded first counts. */
  repair: z.literal(true).optional(),
  events: z.array(z.object({ id: z.string(), type: z.string(), effect: effectSchema })),
});
export type HistoryCommit = z.infer<typeof commitSchema>;

/** A stream in a Region, after the history has settled: everything that its table holds, and what a read returned. */
const replicaSchema = z.object({
  line: z.literal('replica'),
  region: z.string(),
  stream: z.string(),
  commits: z.array(commitSchema),
  /** Positions of which only this is known: they belong to aborted transactions. @default none */
  empty: z.array(dotSchema).optional(),
  version: versionSchema,
  state: z.unknown(),
});

/** The conflicts of a stream, as a Region shows them after the history has settled, in fold order. */
const conflictsSchema = z.object({
  line: z.literal('conflicts'),
  region: z.string(),
  stream: z.string(),
  conflicts: z.array(
    z.object({
      ...dotSchema.shape,
      /** The commit was decided again, and its events do not count. */
      twice: z.boolean(),
      /** Both sides stay, until a later commit has seen them. @default unknown */
      open: z.boolean().optional(),
      against: z.array(dotSchema),
    }),
  ),
});

/** The conflicts of all streams, as a Region lists them after the history has settled, in any order. */
const ledgerSchema = z.object({
  line: z.literal('ledger'),
  region: z.string(),
  conflicts: z.array(
    z.object({
      stream: z.string(),
      ...dotSchema.shape,
      twice: z.boolean(),
      open: z.boolean(),
      against: z.array(dotSchema),
      /** How often the entry was written: each time is announced. @default whether it was announced is not checked */
      revision: z.int().positive().optional(),
    }),
  ),
});

/** A Region's bus carried what is announced of a conflict. */
const announcedSchema = z.object({
  line: z.literal('announced'),
  at: timeSchema,
  /** Where the bus is. */
  region: z.string(),
  /** The Region that announced it. */
  by: z.string(),
  stream: z.string(),
  ...dotSchema.shape,
  revision: z.int().positive(),
  /** Whether it was announced as open. */
  open: z.boolean(),
});

/** A view in a Region, after the history has settled. */
const viewSchema = z.object({
  line: z.literal('view'),
  region: z.string(),
  view: z.string(),
  of: z.string(),
  /** `rows`: the state of every stream of the type, by stream id; `totals`: a number by key, the sum over streams */
  shows: z.enum(['rows', 'totals']),
  /**
   * What a stream adds to a total: its state, if that is a number; the number of its items; or 1 for each of its texts, to the total of
   * that text. @default the totals are not checked
   */
  sumOf: z.enum(['state', 'length', 'texts']).optional(),
  /** The total that it adds to: that of its id, of its id up to the first dot, or `all`. @default its id */
  keyBy: z.enum(['id', 'prefix', 'all']).optional(),
  values: z.record(z.string(), z.unknown()),
});

/** A subscriber handled an event. */
const handledSchema = z.object({
  line: z.literal('handled'),
  at: timeSchema,
  region: z.string(),
  subscriber: z.string(),
  /** `each`: once in effect; `in-order`: also in the order of each log of a stream */
  promises: z.enum(['each', 'in-order']),
  /** The Region that it is named to: it runs in the one that acts for that. @default it runs in every Region */
  named: z.string().optional(),
  event: z.string(),
  stream: z.string(),
  ...dotSchema.shape,
  index: z.int(),
});

/** The effect of a subscriber in a Region, after the history has settled: how often each event counts. */
const talliedSchema = z.object({
  line: z.literal('tallied'),
  region: z.string(),
  subscriber: z.string(),
  /** The Region that it is named to: what all Regions have counted, added. @default what this Region has counted */
  named: z.string().optional(),
  /** What it counts, for readers. */
  of: z.string(),
  /** The stream types that it subscribes to. @default all */
  types: z.array(z.string()).optional(),
  counts: z.record(z.string(), z.number()),
});

/** A fault, or an operator's action. */
const faultSchema = z.object({
  line: z.literal('fault'),
  at: timeSchema,
  until: timeSchema.optional(),
  fault: z.string(),
  region: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** What an operation took while there were no faults, and the most that it may. */
const costSchema = z.object({
  line: z.literal('cost'),
  op: z.int(),
  of: z.string(),
  warm: z.boolean(),
  writes: z.int(),
  requests: z.int(),
  roundTrips: z.int(),
  most: z.object({ writes: z.int(), requests: z.int(), roundTrips: z.int() }),
});

/** The end: when the last fault was over, and when nothing was left to happen; missing: it never was, within the bound. */
const settledSchema = z.object({
  line: z.literal('settled'),
  lastFault: timeSchema,
  at: timeSchema.optional(),
  /** Milliseconds that it may take. */
  bound: timeSchema,
  /** Messages that were given up, by queue: a message there needs an operator. */
  deadLetters: z.record(z.string(), z.int()),
});

/** A request that was not answered with what it asked for, after the history has settled. */
const unansweredSchema = z.object({
  line: z.literal('unanswered'),
  at: timeSchema,
  region: z.string(),
  path: z.string(),
  code: z.string(),
});

export const lineSchema = z.discriminatedUnion('line', [
  headerSchema,
  appendSchema,
  readSchema,
  transactSchema,
  outcomeSchema,
  replicaSchema,
  conflictsSchema,
  ledgerSchema,
  announcedSchema,
  viewSchema,
  handledSchema,
  talliedSchema,
  faultSchema,
  costSchema,
  settledSchema,
  unansweredSchema,
]);

export type Line = z.infer<typeof lineSchema>;
export type LineOf<Name extends Line['line']> = Extract<Line, { line: Name }>;

/** The line of an operation: it begins before it ends. */
export type OperationLine = LineOf<'append'> | LineOf<'read'> | LineOf<'transact'>;

export function isOperationLine(line: Line): line is OperationLine {
  return line.line === 'append' || line.line === 'read' || line.line === 'transact';
}

export type History = readonly Line[];

/** What a checker found out about some streams. */
export interface Finding {
  /** Name of the property, such as `no lost commit` or `G-single`. */
  readonly property: string;
  /** A sentence that names what was expected and what was found. */
  readonly what: string;
  /** The operations that show it. */
  readonly ops: readonly number[];
  /** The streams that it is about. */
  readonly streams: readonly string[];
}

/** A broken promise. */
export type Violation = Finding;

/** A property that could not be decided within the checker's limits. It is not a violation. */
export type Undecided = Finding;
