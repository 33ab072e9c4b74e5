import * as z from 'zod';
import { messageFaults } from '../core/facts/carried.ts';
import { invalid } from '../core/facts/errors.ts';
import {
  commitPageSchema,
  conflictPageSchema,
  healthSchema,
  listedPageSchema,
  rowPageSchema,
  rowSchema,
  streamStateSchema,
  submittedSchema,
  transactionShownSchema,
} from '../core/wire/api.ts';
import { acceptedSchema } from '../core/wire/receipt.ts';
import { clientError } from './error.ts';

// The requests that a Region's API accepts, and the forms of its responses.

/** A request to a Region's API. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** Percent-encoded, from the API's base: `/streams/account/us-east-1.ann`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

export interface Call<T> {
  readonly request: ApiRequest;
  readonly answer: z.ZodType<T>;
  /** The id of the write. */
  readonly id?: string | undefined;
}

/** The name of a stream as callers write it. The Region refuses malformed names, with the reason. */
export interface StreamParts {
  readonly type: string;
  readonly id: string;
}

export const healthCall: Call<z.output<typeof healthSchema>> = {
  request: { method: 'GET', path: '/health' },
  answer: healthSchema,
};

/**
 * How a `strong` stream is read. `strong`: as it is in all Regions, which takes a round trip to another one. `local`: from the replica of
 * the Region that is asked, which may be behind, and needs no other Region.
 */
export type Consistency = 'strong' | 'local';

/** How long a Region waits for a version that it has not seen. */
export interface WaitOptions {
  /** Seconds, 0 to 10. After that the next Region is asked. @default 2 */
  readonly waitSeconds?: number | undefined;
}

export interface StateOptions extends WaitOptions {
  /** A version token: the Region must have seen this version. */
  readonly atLeast?: string | undefined;
  /** A version token or a time with its offset: the state at that earlier point. */
  readonly at?: string | undefined;
  /** How a `strong` stream is read. @default strong */
  readonly consistency?: Consistency | undefined;
}

export function stateCall(stream: StreamParts, { atLeast, at, consistency, waitSeconds }: StateOptions = {}) {
  const headers = { 'if-at-least': atLeast, prefer: preferring(waitSeconds) };
  return get(streamStateSchema, pathOf('streams', stream.type, stream.id), { headers, query: { at, consistency } });
}

/** A page of rows or commits. */
export interface PageOptions {
  /** Only entries after this position: a version token for commits, a key for rows, `next` for conflicts. @default from the start */
  readonly after?: string | undefined;
  /** The maximum number of entries, 1 to 1,000. @default 100 */
  readonly limit?: number | undefined;
}

/**
 * A page of a stream's commits. `version` covers everything up to the end of this page: pass it as `after` to get the
 * next page. `next` is present if there are more commits.
 */
export type CommitPage = z.output<typeof commitPageSchema>;

export function commitsCall({ type, id }: StreamParts, { waitSeconds, ...page }: PageOptions & WaitOptions) {
  const headers = { prefer: preferring(waitSeconds) };
  return get(commitPageSchema, `${pathOf('streams', type, id)}/events`, { headers, query: queryOf(page) });
}

/** A page of a stream's conflicts. `next` is present if there are more: pass it as `after`. */
export type ConflictPage = z.output<typeof conflictPageSchema>;

/** Which conflicts of a stream are asked for. */
export interface ConflictOptions extends PageOptions {
  /** True: those that no later commit has resolved; false: the others. @default all */
  readonly open?: boolean | undefined;
}

export function conflictsCall({ type, id }: StreamParts, asked: ConflictOptions & WaitOptions, atLeast?: string) {
  const { open, waitSeconds, ...page } = asked;
  const query = { ...queryOf(page), ...(open !== undefined && { open: String(open) }) };
  return get(conflictPageSchema, `${pathOf('streams', type, id)}/conflicts`, {
    query,
    headers: { 'if-at-least': atLeast, prefer: preferring(waitSeconds) },
  });
}

/** A page of the conflicts of all streams. `next` is present if there may be more: pass it as `after`. */
export type ListedConflictPage = z.output<typeof listedPageSchema>;

/** Which conflicts of all streams are asked for. */
export interface ListedConflictOptions extends ConflictOptions {
  /** Only those of this stream, `<type>/<id>`. @default of all */
  readonly stream?: string | undefined;
  /** Only those of streams of this type. @default of all */
  readonly type?: string | undefined;
  /** Only those of commits written at this time or later, by the clocks of the Regions that wrote. */
  readonly from?: string | Date | undefined;
  /** Only those of commits written at this time or earlier. */
  readonly to?: string | Date | undefined;
}

export function ledgerCall({ stream, type, open, from, to, ...page }: ListedConflictOptions) {
  const asked = { stream, type, open: open?.toString(), from: timeOf(from), to: timeOf(to) };
  const query = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return get(listedPageSchema, '/conflicts', { query: { ...queryOf(page), ...query } });
}

/** An invalid date is sent too: the Region refuses it with the reason. */
function timeOf(time: string | Date | undefined): string | undefined {
  return time instanceof Date && !Number.isNaN(time.getTime()) ? time.toISOString() : time?.toString();
}

export interface SeenOptions extends WaitOptions {
  /** Version tokens of streams that the view is computed from: the rows must include these versions. */
  readonly atLeast?: readonly string[] | undefined;
}

export function rowsCall(view: string, { atLeast, waitSeconds, ...page }: PageOptions & SeenOptions) {
  const headers = headersOf({ atLeast, waitSeconds });
  return get(rowPageSchema, pathOf('views', view), { headers, query: queryOf(page) });
}

export function rowCall(view: string, key: string, seen: SeenOptions = {}) {
  return get(rowSchema, pathOf('views', view, key), { headers: headersOf(seen) });
}

function headersOf({ atLeast = [], waitSeconds }: SeenOptions) {
  return { 'if-at-least': atLeast.length > 0 ? atLeast.join() : undefined, prefer: preferring(waitSeconds) };
}

function preferring(waitSeconds: number | undefined): string | undefined {
  return waitSeconds === undefined ? undefined : `wait=${waitSeconds}`;
}

/**
 * JSON of a message that reads back equal: `JSON.stringify` makes other values of NaN, -0 or a Date.
 * @throws ClientError `validation` with the path of every fault
 */
function jsonOf(message: unknown, id: string): string {
  const faults = messageFaults(message);
  if (faults.length > 0) throw clientError('validation', invalid(faults).message, { id, details: { faults } });
  return JSON.stringify(message);
}

/** Appends events or runs a command. */
export function submitCall(envelope: { readonly id: string; readonly [member: string]: unknown }) {
  return post(acceptedSchema, '/events', envelope.id, jsonOf(envelope, envelope.id));
}

/** @param envelopes up to 100, each as JSON, and each with an id */
export function submitAllCall(envelopes: readonly string[]) {
  return post(z.array(submittedSchema), '/events', undefined, `[${envelopes.join()}]`);
}

/** @param wait seconds to wait for its outcome. @default the Region's default */
export function transactCall(
  transaction: { readonly id: unknown; readonly [member: string]: unknown },
  wait: number | undefined,
) {
  const id = String(transaction.id);
  const call = post(transactionShownSchema, '/transactions', id, jsonOf(transaction, id));
  const headers = { prefer: preferring(wait) };
  return { ...call, request: { ...call.request, headers } };
}

export function transactionCall(id: string) {
  return get(transactionShownSchema, pathOf('transactions', id));
}

function get<T>(answer: z.ZodType<T>, path: string, more: Pick<ApiRequest, 'headers' | 'query'> = {}): Call<T> {
  return { request: { method: 'GET', path, ...more }, answer };
}

function post<T>(answer: z.ZodType<T>, path: string, id: string | undefined, body: string): Call<T> {
  return { request: { method: 'POST', path, body }, answer, id };
}

function queryOf({ after, limit }: PageOptions) {
  return { after, limit: limit?.toString() };
}

/** @throws ClientError `validation`: a part is `.` or `..`, which URLs resolve to another path */
function pathOf(...parts: readonly string[]): string {
  const wrong = parts.find((part) => /^\.{0,2}$/.test(part));
  if (wrong !== undefined) {
    const message = `"${wrong}" cannot be part of a path`;
    throw clientError('validation', message, { details: { faults: [{ path: '', message }] } });
  }
  return parts.map((part) => `/${encodeURIComponent(part)}`).join('');
}
