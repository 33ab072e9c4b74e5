import * as z from 'zod';

/** HTTP status of every problem that Meridian reports. The codes are the API: they never change their meaning. */
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
  aborted: 409,
  'too-large': 413,
  misdirected: 421,
  rejected: 422,
  'not-caught-up': 425,
  internal: 500,
  unavailable: 503,
  'unreadable-event': 503,
  'region-unreachable': 503,
} as const;

export type ErrorCode = keyof typeof statusOf;

/** An RFC 9457 problem document; further members depend on `code`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  /** 400 to 599 */
  readonly status: number;
  readonly detail: string;
  /** One of ErrorCode, or one that only newer code knows. */
  readonly code: string;
  readonly retryable: boolean;
  readonly [member: string]: unknown;
}

/**
 * A problem document that came as JSON. While Regions are deployed one after the other, it may have a code that is not known
 * here. Such a problem is carried as it is: its `status` and `retryable` say all that a caller has to know.
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
  /** Is the same request, sent again later, worth a try? @default false */
  readonly retryable?: boolean;
  /** Further members of the problem document. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A code with its HTTP status, as another Region answered it. */
type AnsweredCode = Pick<Problem, 'code' | 'status'>;

/** The one error that Meridian throws on purpose. Its message says what to do. */
export class MeridianError extends Error {
  override readonly name = 'MeridianError';
  /** One of ErrorCode, unless another Region answered it. */
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    kind: ErrorCode | AnsweredCode,
    message: string,
    { retryable = false, details = {}, cause }: ErrorOptions = {},
  ) {
    super(message, { cause });
    const { code, status } = typeof kind === 'string' ? { code: kind, status: statusOf[kind] } : kind;
    this.code = code;
    this.status = status;
    this.retryable = retryable;
    this.details = details;
  }
}

/** A domain's own refusal of a command: thrown by `decide`, answered as `rejected` 422. */
export function reject(message: string, details?: Readonly<Record<string, unknown>>): MeridianError {
  return new MeridianError('rejected', message, details ? { details } : {});
}

/** One fault of an input: where it is and what is wrong with it. */
export interface Fault {
  readonly path: string;
  readonly message: string;
}

const faultSchema = z.object({ path: z.string(), message: z.string() });

const faultySchema = z.object({ faults: z.array(faultSchema) });

/** The faults that an error of `invalid` lists; undefined for any other error. */
export function listedFaults({ details }: MeridianError): readonly Fault[] | undefined {
  return faultySchema.safeParse(details).data?.faults;
}

/** So many faults are told, and so many characters of each: an answer has to fit where it is sent. */
const MAX_FAULTS = 100;
const MAX_FAULT_LENGTH = 300;

/** Several faults at once, so that a caller can mend all of them in one go; the first 100 of very many. */
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
 * What zod found, a fault for each place, with its path as it is written in JavaScript: `events[0].data.delay`.
 * @param prefix the path of what was parsed
 */
export function faultsOf({ issues }: z.ZodError, prefix = ''): readonly Fault[] {
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: pathOf([...issue.path, key], prefix), message: 'is not known here' }))
      : [{ path: pathOf(issue.path, prefix), message: issue.message }],
  );
}

function pathOf(path: readonly PropertyKey[], prefix: string): string {
  return path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key)),
    prefix,
  );
}

/** The problem document of an error; what was not thrown on purpose tells nothing of its inside. */
export function toProblem(error: unknown): Problem {
  const known =
    error instanceof MeridianError
      ? error
      : new MeridianError('internal', 'Something went wrong here; try again, and look at the log if it goes on.', {
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
  // A domain chooses its details: they come last and hide none of ours.
  return { ...members, ...known.details, ...members };
}

/**
 * A problem document that fits where it is carried: a domain may give a refusal more details than that, then they are left
 * out.
 * @param bytes as JSON; 1,000 or more
 */
export function cutProblem(problem: Problem, bytes: number): Problem {
  if (utf8.encode(JSON.stringify(problem)).length <= bytes) return problem;
  const { type, title, status, detail, code, retryable } = problem;
  // A character takes 6 bytes at most: escaped.
  return { type, title, status, detail: detail.slice(0, Math.floor(bytes / 8)), code, retryable };
}

const utf8 = new TextEncoder();

/** The error behind a problem document that another Region answered with. */
export function fromProblem(problem: Problem): MeridianError {
  const { type: _type, title: _title, status, detail, code, retryable, ...details } = problem;
  return new MeridianError({ code, status }, detail, { retryable, details });
}
