import * as z from 'zod';
import { type ErrorCode, type Problem, problemSchema } from '../core/facts/errors.ts';

const textSchema = z.string().optional().catch(undefined);
const numberSchema = z.number().optional().catch(undefined);
const lostSchema = z.literal(true).optional().catch(undefined);
const knownSchema = z.looseObject({ known: z.array(z.string()).catch([]) });

/** The additional members of problem documents, by code. Members in an unexpected form are left out. */
const detailsSchemas = {
  validation: z.looseObject({ faults: z.array(z.object({ path: z.string(), message: z.string() })).catch([]) }),
  'unknown-stream-type': knownSchema,
  'unknown-event': knownSchema,
  'unknown-command': knownSchema,
  'unknown-view': knownSchema,
  'version-conflict': z.looseObject({ expected: textSchema, actual: textSchema, lost: lostSchema }),
  'id-reused': z.looseObject({ log: textSchema, position: numberSchema }),
  'stream-busy': z.looseObject({ retryAfter: numberSchema }),
  'not-caught-up': z.looseObject({
    seen: textSchema,
    wanted: textSchema,
    behind: z.array(z.string()).optional().catch(undefined),
    lost: lostSchema,
  }),
  'not-found': z.looseObject({ state: textSchema }),
  'too-large': z.looseObject({ bytes: numberSchema, limit: numberSchema }),
  aborted: z.looseObject({
    id: textSchema,
    reason: problemSchema.optional().catch(undefined),
    participant: textSchema,
  }),
} satisfies { readonly [Code in ErrorCode]?: z.ZodType };

type Details = { readonly [Code in keyof typeof detailsSchemas]: z.output<(typeof detailsSchemas)[Code]> };

/** The details of an error, by its code. */
export type DetailsOf<Code extends string> = Code extends keyof Details
  ? Details[Code]
  : Readonly<Record<string, unknown>>;

/** Codes of the client's own errors. */
export type ClientCode =
  /** Nothing listens at the address, or its certificate is refused; nothing was sent. */
  | 'unreachable'
  /** The connection broke, the response took too long, or an intermediary responded instead of the Region. */
  | 'broken'
  /** The signature was refused. */
  | 'forbidden'
  /** The credentials could not be obtained. */
  | 'no-credentials'
  /** The address of a Region could not be found. */
  | 'no-endpoint'
  /** The response did not come from a Region of Meridian. */
  | 'unexpected-answer'
  /** The caller's signal was aborted. */
  | 'cancelled'
  /** A transaction had no outcome in time. */
  | 'undecided'
  /** The text is not an exported session. */
  | 'invalid-session';

/** A code of the API or of the client. Newer Regions may return other codes. */
export type AnyCode = ErrorCode | ClientCode;

interface ClientErrorOptions extends ErrorOptions {
  /** @default false */
  readonly retryable?: boolean;
  readonly problem?: Problem | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly region?: string | undefined;
  readonly tried?: readonly string[];
  readonly id?: string | undefined;
  readonly maybeWritten?: boolean;
}

/**
 * The only error that the client throws: a Region's refusal, or a failure to get a response. Distinguish them with
 * `isClientError`.
 */
export class ClientError<Code extends string = string> extends Error {
  override readonly name = 'ClientError';
  /** One of {@link AnyCode}, or a code of a newer Region. */
  readonly code: Code;
  /** Whether the same call, with the same id, may succeed later. The client has already retried. */
  readonly retryable: boolean;
  /** Further members of the problem document. */
  readonly details: DetailsOf<Code>;
  /** The problem document that a Region returned. */
  readonly problem: Problem | undefined;
  /** The Region that was asked last. */
  readonly region: string | undefined;
  /** Every Region that was asked, in the order in which it was asked first; empty if the call was not sent. */
  readonly tried: readonly string[];
  /** The id of the write: the same call with this id shows whether it happened, and never writes twice. */
  readonly id: string | undefined;
  /** True if the write may have happened despite the error, because a response was lost. */
  readonly maybeWritten: boolean;

  constructor(code: Code, message: string, options: ClientErrorOptions & { readonly details: DetailsOf<Code> }) {
    super(message, options);
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details;
    this.problem = options.problem;
    this.region = options.region;
    this.tried = options.tried ?? [];
    this.id = options.id;
    this.maybeWritten = options.maybeWritten ?? false;
  }
}

/** Makes an error with one of the client's own codes. @param message says what to do */
export function clientError(code: AnyCode, message: string, options: ClientErrorOptions = {}): ClientError {
  return new ClientError<string>(code, message, { ...options, details: readDetails(code, options.details ?? {}) });
}

/** An error that a Region returned. */
export function problemError(problem: Problem, region: string): ClientError {
  const { type: _type, title: _title, status: _status, detail, code, retryable, ...details } = problem;
  return new ClientError<string>(code, detail, { retryable, problem, region, details: readDetails(code, details) });
}

/**
 * Returns the error, completed with what the call knows: the id, whether the write may have happened, the Region, and those that
 * were tried.
 */
export function withContext(
  { code, message, retryable, problem, details, region, cause, ...error }: ClientError,
  context: Pick<ClientErrorOptions, 'id' | 'maybeWritten' | 'region' | 'tried'>,
): ClientError {
  return new ClientError<string>(code, message, {
    ...{ retryable, problem, details, region, cause },
    ...{ id: error.id, maybeWritten: error.maybeWritten, tried: error.tried },
    ...context,
  });
}

function readDetails(code: string, details: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return hasDetails(code) ? detailsSchemas[code].parse(details) : details;
}

function hasDetails(code: string): code is keyof Details {
  return Object.hasOwn(detailsSchemas, code);
}

/**
 * True if an error is a ClientError with this code; `details` then has the type for this code. @param code any code by
 * default
 */
export function isClientError<Code extends AnyCode>(error: unknown, code: Code): error is ClientError<Code>;
export function isClientError(error: unknown): error is ClientError;
export function isClientError(error: unknown, code?: string): boolean {
  return error instanceof ClientError && (code === undefined || error.code === code);
}
