import * as z from 'zod';
import { carriedCopy, carriedText } from './carried.ts';
import { type Fault, pathOf } from './fault.ts';
import { isObject, jsonBytes } from './json.ts';

/** HTTP status of every problem code. The codes are part of the API: their meaning never changes. */
const statusOf = {
  validation: 400,
  'unknown-stream-type': 404,
  'unknown-event': 404,
  'unknown-command': 404,
  'unknown-view': 404,
  'not-found': 404,
  'method-not-allowed': 405,
  'version-conflict': 409,
  'id-reused': 409,
  'stream-busy': 409,
  'deadline-exceeded': 409,
  'placement-changed': 409,
  aborted: 409,
  'too-large': 413,
  misdirected: 421,
  rejected: 422,
  'not-caught-up': 425,
  internal: 500,
  unavailable: 503,
  'unreadable-event': 503,
  'region-unreachable': 503,
  'quorum-unreachable': 503,
  'home-moving': 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

/** An RFC 9457 problem document; further members depend on `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  /** 400 to 599 */
  readonly status: number;
  readonly detail: string;
  /** An ErrorCode, or a code that only newer versions know. */
  readonly code: string;
  readonly retryable: boolean;
  readonly [member: string]: unknown;
}

/**
 * A problem document received as JSON. While Regions are deployed one after the other it may have an unknown code.
 * Such a problem is passed on unchanged: `status` and `retryable` are all that a caller needs.
 */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  code: z.string(),
  retryable: z.boolean(),
});

interface ErrorOptions {
  /** True if the same request may succeed later. @default false */
  readonly retryable?: boolean;
  /** Further members of the problem document. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A code with its HTTP status, from another Region's response. */
type AnsweredCode = Pick<Problem, 'code' | 'status'>;

/**
 * The only error that Meridian throws deliberately. Its message says what to do. Parts of its details that cannot be stored
 * and carried are left out, because its problem document is.
 */
export class MeridianError extends Error {
  override readonly name = 'MeridianError';
  /** An ErrorCode, unless it comes from another Region. */
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    kind: ErrorCode | AnsweredCode,
    message: string,
    { retryable = false, details = {}, cause }: ErrorOptions = {},
  ) {
    super(carriedText(String(message)), { cause });
    const { code, status } = typeof kind === 'string' ? { code: kind, status: statusOf[kind] } : kind;
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.details = { ...toObject(carriedCopy(details)) };
  }
}

/** Another Region has no instance free for a call of its function. It has not refused the call, and may soon be able to run it. */
export class ThrottledError extends MeridianError {
  constructor(message: string, cause?: unknown) {
    super('region-unreachable', message, { retryable: true, cause });
  }
}

/** The types are not checked when a domain's code runs, so details may be anything. */
function toObject(details: unknown): object {
  return isObject(details) ? details : {};
}

/**
 * A domain's own refusal of a command: thrown by `decide`, reported as `rejected`, status 422. Details that JSON cannot
 * express are left out.
 */
export function reject(message: string, details?: Readonly<Record<string, unknown>>): MeridianError {
  return new MeridianError('rejected', message, details ? { details } : {});
}

const faultSchema = z.object({ path: z.string(), message: z.string() });

const faultySchema = z.object({ faults: z.array(faultSchema) });

/** The faults listed by an error from `invalid`; undefined for any other error. */
export function listedFaults({ details }: MeridianError): readonly Fault[] | undefined {
  return faultySchema.safeParse(details).data?.faults;
}

/** Limits on the number of faults reported and their length in characters, so that they fit into a response. */
const MAX_FAULTS = 100;
const MAX_FAULT_LENGTH = 300;

/**
 * Checks that a value can be stored and carried.
 * @param faults from `carriedFaults` or `messageFaults`
 * @throws MeridianError `validation` with the path of every fault
 */
export function refuseFaults(faults: readonly Fault[]): void {
  if (faults.length > 0) throw invalid(faults);
}

/** Reports several faults at once, so that a caller can fix all of them together; at most the first 100. */
export function invalid(all: readonly Fault[]): MeridianError {
  const more = all.length - MAX_FAULTS;
  const shortened = all
    .slice(0, MAX_FAULTS)
    .map(({ path, message }) => ({ path: short(path), message: short(message) }));
  const faults = more > 0 ? [...shortened, { path: '', message: `and ${more} more` }] : shortened;
  return new MeridianError(
    'validation',
    faults.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '),
    {
      details: { faults },
    },
  );
}

function short(text: string): string {
  return text.length > MAX_FAULT_LENGTH ? `${text.slice(0, MAX_FAULT_LENGTH)}…` : text;
}

/**
 * The faults that zod found, one per place, with their paths in JavaScript notation: `events[0].data.delay`.
 * @param prefix path of the parsed value
 */
export function faultsOf({ issues }: z.ZodError, prefix = ''): readonly Fault[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: pathOf([...issue.path, key], prefix), message: 'unknown property' }))
      : [{ path: pathOf(issue.path, prefix), message: issue.message }],
  );
}

/** The problem document of an error. Unexpected errors reveal nothing about the implementation. */
export function toProblem(error: unknown): Problem {
  const known =
    error instanceof MeridianError
      ? error
      : new MeridianError('internal', "Unexpected error. Retry; if it persists, check the function's log.", {
          retryable: true,
        });
  const members = {
    type: `urn:meridian:problem:${known.code}`,
    title: known.code.replaceAll('-', ' '),
    status: known.status,
    detail: known.message,
    code: known.code,
    retryable: known.retryable,
  };
  // The domain chooses `details`, so our members are written last: they cannot be overwritten.
  return { ...members, ...known.details, ...members };
}

/**
 * True for an error that its problem document does not explain: a bug of the domain, or a fault of ours. False for a
 * problem from another Region, which has logged it.
 */
export function isUnexpected(error: unknown): boolean {
  if (!(error instanceof MeridianError)) return true;
  return error.code === 'internal' && !problemSchema.safeParse(error.cause).success;
}

interface Log {
  unexpected(error: unknown): void;
  metric(name: 'QuorumMissing', unit: 'Count', value: number): void;
}

/** The problem document of an error, which is also logged if it is unexpected. */
export function reportedProblem(log: Log, error: unknown): Problem {
  if (isUnexpected(error)) log.unexpected(error);
  const problem = toProblem(error);
  if (problem.code === 'quorum-unreachable') log.metric('QuorumMissing', 'Count', 1);
  return problem;
}

/**
 * Shortens a problem document to fit its carrier: if a domain's details are too large, they are omitted.
 * @param bytes maximum size as JSON; at least 1,000
 */
export function cutProblem(problem: Problem, bytes: number): Problem {
  if (jsonBytes(problem) <= bytes) return problem;
  const { type, title, status, detail, code, retryable } = problem;
  // An escaped character takes at most 6 bytes.
  return { type, title, status, detail: carriedText(detail.slice(0, Math.floor(bytes / 8))), code, retryable };
}

/** The error for a problem document received from another Region, which is its cause. */
export function fromProblem(problem: Problem): MeridianError {
  const { type: _type, title: _title, status, detail, code, retryable, ...details } = problem;
  return new MeridianError({ code, status }, detail, { retryable, details, cause: problem });
}

/** An error and its causes as text. For logs only: a cause may contain names of roles and accounts. */
export function withCauses(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error
    ? `${error}; cause: ${withCauses(error.cause)}`
    : String(error);
}

/** The message of a thrown value of any type. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
