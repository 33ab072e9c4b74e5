import { TRANSACTION_ID } from '../core/facts/transaction.ts';
import { DEFAULT_PAGE, DEFAULT_WAIT_S, MAX_PAGE, MAX_WAIT_S } from '../core/limits/budgets.ts';
import { commitIdSchema, STREAM_ID } from '../core/wire/schemas.ts';
import { jsonSchema } from './documents.ts';

const { $schema: _, ...commitId } = jsonSchema(commitIdSchema, 'input');
const string = { type: 'string' };

function inHeader(name: string, description: string, schema: object = string) {
  return { name, in: 'header', description, schema };
}

function inPath(name: string, description: string, schema: object = string) {
  return { name, in: 'path', required: true, description, schema };
}

function inQuery(name: string, description: string, schema: object = string) {
  return { name, in: 'query', description, schema };
}

/** The parameters of requests, as components. */
export const parameters = {
  id: inPath('id', "The stream's id", { ...string, pattern: `^${STREAM_ID}$` }),
  'id.transaction': inPath('id', "The transaction's id", { ...string, pattern: TRANSACTION_ID.source }),
  key: inPath('key', "The row's key"),
  'Idempotency-Key': inHeader(
    'Idempotency-Key',
    'The id of the request: sending it again has no further effect, and returns the same. Made by the API if left out.',
    commitId,
  ),
  'Idempotency-Key.transaction': inHeader('Idempotency-Key', 'The id of the transaction, if its body has none', {
    ...string,
    pattern: TRANSACTION_ID.source,
  }),
  'If-Match.home': inHeader('If-Match', 'The version that the stream must be at'),
  'If-Match.merge': inHeader('If-Match', 'The version that the decision is based on'),
  'If-At-Least': inHeader('If-At-Least', 'Wait up to 2 s until this Region has seen that version'),
  Prefer: inHeader(
    'Prefer',
    `\`wait=N\`: wait N seconds for the outcome, ${MAX_WAIT_S} at most; ${DEFAULT_WAIT_S} without it (RFC 7240)`,
  ),
  traceparent: inHeader('traceparent', 'Kept in `meta` (W3C Trace Context)'),
  'after.version': inQuery('after', 'A version token: only commits that it does not cover'),
  'after.key': inQuery('after', 'A key: only rows behind it'),
  limit: inQuery('limit', 'The size of a page', {
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE,
    default: DEFAULT_PAGE,
  }),
} as const;

/** The headers of responses, as components. */
export const responseHeaders = {
  ETag: { description: 'The version token, quoted; not with several envelopes', schema: string },
  Location: { description: 'Where to read the outcome', schema: string },
  'Retry-After': { description: 'Seconds to wait before a retry', schema: { type: 'integer', minimum: 1 } },
  'Preference-Applied': { description: 'The wait that was applied, if one was asked for', schema: string },
} as const;
