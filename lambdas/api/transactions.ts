import type { LambdaFunctionURLEvent } from 'aws-lambda';
import {
  drivingRegionOf,
  encodeReason,
  encodeTransaction,
  invalid,
  isTransactionId,
  MeridianError,
  type Outcome,
  outcomeOf,
  parseTransaction,
  runTransaction,
  type Transaction,
  type TransactPorts,
} from '../../core/index.ts';
import { DEFAULT_WAIT_S, MAX_WAIT_S, PASSED_ON_WAIT_MS } from '../../core/limits/budgets.ts';
import {
  type Answer,
  header,
  inHeader,
  jsonAnswer,
  jsonBody,
  type Parameters,
  problemAnswer,
  secondsIn,
  traced,
  waitHeader,
} from './http.ts';

/**
 * `POST /transactions`: returns the outcome, or where to query it. @throws MeridianError as `parseTransaction`,
 * `runTransaction`
 */
export async function postTransaction(ports: TransactPorts, event: LambdaFunctionURLEvent): Promise<Answer> {
  const transaction = traced(named(ports, jsonBody(event), header(event, 'Idempotency-Key')), event);
  const asked = waitHeader(event, MAX_WAIT_S);
  const wait = Math.min((asked ?? DEFAULT_WAIT_S) * 1000, longestWait(ports, transaction.id));
  const outcome = await withId(transaction.id, runTransaction(ports, transaction, wait));
  const applied = asked === undefined ? {} : { 'preference-applied': `wait=${wait / 1000}` };
  switch (outcome.state) {
    case 'committed':
      return jsonAnswer(encodeTransaction(outcome), applied);
    case 'aborted': {
      const { stream, problem: cause } = outcome.reason;
      const error = new MeridianError(
        'aborted',
        `${outcome.id} was aborted${stream === undefined ? '' : ` because of ${stream}`}: ${cause.detail}`,
        { details: { id: outcome.id, ...encodeReason(outcome.reason) } },
      );
      // The transaction with this id stays aborted: a retry needs a new id.
      return problemAnswer(error, {
        ...applied,
        ...(cause.code === 'stream-busy' && { 'retry-after': secondsIn(cause) }),
      });
    }
    case 'undecided':
    case 'unknown':
      return {
        ...jsonAnswer(encodeTransaction({ id: outcome.id, state: 'undecided' }), {
          ...applied,
          location: `/transactions/${outcome.id}`,
          'retry-after': '1',
        }),
        statusCode: 202,
      };
  }
}

/** `GET /transactions/{id}`. @throws MeridianError `validation`; `not-found`; as `outcomeOf` */
export async function getTransaction(
  ports: TransactPorts,
  _event: LambdaFunctionURLEvent,
  { id = '' }: Parameters,
): Promise<Answer> {
  if (!isTransactionId(id) || !ports.regions.includes(drivingRegionOf(id)))
    throw invalid([
      { path: 'id', message: `is not <Region>:<key>, with one of the Regions ${ports.regions.join(', ')}` },
    ]);
  const outcome = await outcomeOf(ports, id);
  if (outcome.state === 'unknown')
    throw new MeridianError(
      'not-found',
      `No record of ${id}: it was never sent, or its first attempt is in progress.`,
      { details: { id, state: 'unknown' } },
    );
  return jsonAnswer(encodeTransaction(outcome));
}

/** Only the driving Region can wait for a transaction for as long as the caller requests. */
function longestWait({ region }: TransactPorts, id: string): number {
  return drivingRegionOf(id) === region ? Number.POSITIVE_INFINITY : PASSED_ON_WAIT_MS;
}

/** Adds the transaction's id to errors, even if it was generated: the caller can retry with it to learn the outcome. */
async function withId(id: string, outcome: Promise<Outcome>): Promise<Outcome> {
  try {
    return await outcome;
  } catch (error) {
    if (!(error instanceof MeridianError)) throw error;
    const { message, retryable, details, cause } = error;
    throw new MeridianError(error, message, { retryable, details: { ...details, id }, cause });
  }
}

/**
 * The transaction of a request; the header gives the id if the body does not. @throws MeridianError `validation`: the
 * two ids differ
 */
function named(ports: TransactPorts, body: unknown, id: string | undefined): Transaction {
  if (body === undefined) throw invalid([{ path: '', message: 'The body is empty: send a transaction' }]);
  if (id === undefined || body === null || typeof body !== 'object' || Array.isArray(body))
    return parseTransaction(ports, body);
  if (!Object.hasOwn(body, 'id'))
    return inHeader('Idempotency-Key', 'id', () => parseTransaction(ports, { id, ...body }));
  const transaction = parseTransaction(ports, body);
  if (transaction.id !== id)
    throw invalid([
      { path: 'Idempotency-Key', message: `is ${id}, but the body has the id ${transaction.id}: specify one of them` },
    ]);
  return transaction;
}
