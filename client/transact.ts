import type { Meta } from '../core/facts/commit.ts';
import { invalid, toProblem } from '../core/facts/errors.ts';
import { drivingRegionOf, isTransactionId, transactionIdFault } from '../core/facts/transaction.ts';
import { CLIENT_POLL_MS, DEFAULT_TRANSACTION_MS, RECOVERY_MS } from '../core/limits/budgets.ts';
import type { TransactionShown } from '../core/wire/api.ts';
import { transactCall, transactionCall } from './call.ts';
import { ClientError, clientError, isClientError, problemError, withContext } from './error.ts';
import type { CallOptions } from './options.ts';
import type { Regions } from './regions.ts';
import { recordAnswer, type Session } from './session.ts';

export interface TransactOptions extends CallOptions {
  /**
   * The id, `<Region>:<key>`, that makes repeated sends take effect once. Specify it to be able to retry after a crash.
   * @default generated for this call
   */
  readonly id?: string | undefined;
  /**
   * The driving Region of a transaction whose id is generated: ideally the home of most of its streams.
   * @default the client's Region
   */
  readonly drivenBy?: string | undefined;
  /** Seconds after which the transaction is aborted, 1 to 240. @default 30 */
  readonly timeoutSeconds?: number | undefined;
  /** Metadata stored with every commit. */
  readonly meta?: Meta | undefined;
}

/** A participant of any domain: a command, events, or a check, which only holds the stream at a version. */
export interface AnyParticipant {
  readonly stream: string;
  readonly command?: string | undefined;
  readonly input?: unknown;
  readonly events?: readonly { readonly type: string; readonly data?: unknown }[] | undefined;
  /** The exact version that the stream must be at. */
  readonly expected?: string | undefined;
}

/** A committed transaction. */
export type Committed = Extract<TransactionShown, { state: 'committed' }>;

/**
 * Runs a transaction, and waits for its outcome for as long as a transaction can take. @throws ClientError `aborted`:
 * nothing was written; `undecided`; `validation`: the id is malformed; the errors of `Regions.ask`
 */
export async function transact(
  regions: Regions,
  session: Session,
  participants: readonly AnyParticipant[],
  { signal, timeoutSeconds, meta, drivenBy = regions.region, ...options }: TransactOptions = {},
): Promise<Committed> {
  const { runtime } = regions;
  const id = options.id ?? `${drivenBy}:${runtime.newId()}`;
  // The id names the Region to send to.
  if (!isTransactionId(id)) throw malformedId(id, regions.region);
  const call = transactCall({ id, ...bodyOf(participants), timeoutSeconds, meta }, undefined);
  const begun = runtime.now();
  const longest = (timeoutSeconds === undefined ? DEFAULT_TRANSACTION_MS : timeoutSeconds * 1000) + RECOVERY_MS;
  const asking = { signal, first: drivingRegionOf(id) };
  let { answer: outcome } = await regions.ask(call, asking);
  while (outcome.state === 'undecided') {
    if (runtime.now() - begun > longest)
      throw clientError(
        'undecided',
        `${id} has no outcome after ${longest / 1000} s. Query it later with transaction(id).`,
        {
          ...{ id, maybeWritten: true, retryable: true },
        },
      );
    await runtime.sleep((0.5 + runtime.random() / 2) * CLIENT_POLL_MS, signal);
    outcome = await outcomeSoFar(regions, id, asking);
  }
  if (outcome.state === 'aborted') throw abortedError(outcome);
  for (const { version } of outcome.participants) recordAnswer(session, version);
  return outcome;
}

/** The outcome of a transaction that was sent before. */
async function outcomeSoFar(
  regions: Regions,
  id: string,
  options: CallOptions & { readonly first: string },
): Promise<TransactionShown> {
  try {
    return (await regions.ask(transactionCall(id), options)).answer;
  } catch (error) {
    // If decisions are replicated, this decision may not have arrived yet.
    if (isClientError(error, 'not-found') && error.details.state === 'unknown') return { id, state: 'undecided' };
    throw error instanceof ClientError ? withContext(error, { id, maybeWritten: true }) : error;
  }
}

/** The error that a Region would return. */
function malformedId(id: string, region: string): ClientError {
  return withContext(problemError(toProblem(invalid([transactionIdFault(region)])), region), { id });
}

function bodyOf(all: readonly AnyParticipant[]) {
  const isCheck = ({ command, events }: AnyParticipant) => command === undefined && events === undefined;
  return { participants: all.filter((one) => !isCheck(one)), checks: all.filter(isCheck) };
}

function abortedError({ id, reason, participant }: Extract<TransactionShown, { state: 'aborted' }>): ClientError {
  const cause = participant === undefined ? '' : `, because of ${participant}`;
  return clientError('aborted', `Nothing of ${id} was written${cause}: ${reason.detail}`, {
    id,
    details: { id, reason, participant },
  });
}
