import * as z from 'zod';
import { type ErrorCode, MeridianError, problemSchema } from '../core/facts/errors.ts';
import { placementSchema } from '../core/wire/placement.ts';

interface KnownProblem {
  /** One sentence that explains the code. */
  readonly means: string;
  /** Additional members of this problem. */
  readonly members?: z.ZodRawShape;
}

const known = { known: z.array(z.string()).meta({ description: 'The existing names' }) };
const lostSchema = z
  .literal(true)
  .optional()
  .meta({ description: 'The version has positions that only a lost Region has: waiting for them may be in vain' });
const tokenSchema = z.string().meta({ description: 'A version token' });

/** Every problem that the API reports, by its code. A domain's refusals add members of their own. */
const problems = {
  validation: {
    means: 'The request is malformed.',
    members: { faults: z.array(z.object({ path: z.string(), message: z.string() })) },
  },
  'unknown-stream-type': { means: 'The domain has no such stream type.', members: known },
  'unknown-event': { means: 'The stream type has no such event.', members: { ...known, path: z.string() } },
  'unknown-command': { means: 'The stream type has no such command.', members: known },
  'unknown-view': { means: 'The domain has no such view.', members: known },
  'not-found': {
    means: 'There is no such path or row, or nothing is recorded of the transaction.',
    members: { routes: z.array(z.string()).optional(), id: z.string().optional(), state: z.string().optional() },
  },
  'method-not-allowed': { means: 'The path does not accept this method.', members: { allowed: z.array(z.string()) } },
  'version-conflict': {
    means:
      'The stream is not at the expected version: read it and decide again. Retryable if the append lost the race to other writers for 10 s.',
    members: { expected: tokenSchema.optional(), actual: tokenSchema, lost: lostSchema },
  },
  'id-reused': {
    means: 'The id belongs to a different request: use a new id.',
    members: { log: z.string().optional(), position: z.int().optional() },
  },
  'stream-busy': {
    means: 'An undecided transaction holds the stream: retry after `retryAfter` seconds.',
    members: { retryAfter: z.int().min(1) },
  },
  'deadline-exceeded': { means: 'The transaction was not decided before its deadline.' },
  aborted: {
    means: 'The transaction was aborted permanently: to try again, use a new id.',
    members: { id: z.string(), reason: problemSchema, participant: z.string().optional() },
  },
  'too-large': {
    means: 'A size limit is exceeded.',
    members: { limit: z.int().optional(), bytes: z.int().optional() },
  },
  misdirected: {
    means: 'The Region that was asked does not consider itself responsible: Regions run different configurations.',
    members: {
      home: z.string().optional(),
      driving: z.string().optional(),
      placement: placementSchema
        .optional()
        .meta({ description: 'The entry by which another Region writes the streams of this home' }),
    },
  },
  rejected: { means: "The domain's own rules refuse the request. A domain may add members." },
  'not-caught-up': {
    means:
      'This Region, or its view, did not include the requested version in time: retry, or ask another Region. `behind`, of a view: the streams.',
    members: { seen: tokenSchema, wanted: tokenSchema, behind: z.array(z.string()).optional(), lost: lostSchema },
  },
  internal: { means: 'An unexpected error: retry, and if it persists, check the log of the function.' },
  unavailable: {
    means: 'A service that the API depends on did not respond: retry.',
    members: {
      retryAfter: z.int().min(1).optional(),
      started: z
        .literal(false)
        .optional()
        .meta({ description: 'Of an envelope in an array: it was only held up, and has not been tried' }),
    },
  },
  'unreadable-event': {
    means: 'The stream has an event that only newer code can read: deploy that code in this Region.',
    members: { stream: z.string(), event: z.string(), eventType: z.string(), schemaVersion: z.int() },
  },
  'region-unreachable': { means: 'The responsible Region did not respond: retry.' },
  'home-moving': {
    means:
      'The home of the stream moves to another Region, and the one that wrote it before did not hand it over yet: retry.',
  },
  'placement-changed': {
    means: 'The home was moved by someone else in the meantime: look where it is now, and decide again.',
  },
  'quorum-unreachable': {
    means:
      'A majority of the Regions did not respond, which a strong stream needs: retry, or read with `consistency=local`.',
  },
} satisfies Readonly<Record<ErrorCode, KnownProblem>>;

export const errorCodes = Object.keys(problems).filter((code): code is ErrorCode => code in problems);

/** The status of a problem, what it means, and the form of its document. */
export function problemOf(code: ErrorCode): {
  readonly status: number;
  readonly means: string;
  readonly schema: z.ZodType;
} {
  const { means, members = {} }: KnownProblem = problems[code];
  const { status } = new MeridianError(code, means);
  const documentSchema = problemSchema.extend({
    type: z.literal(`urn:meridian:problem:${code}`),
    status: z.literal(status),
    code: z.literal(code),
    ...members,
  });
  return { status, means, schema: documentSchema };
}
