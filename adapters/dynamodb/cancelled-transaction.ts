import { type CancellationReason, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type Commit, type InTheWay, type OneRegionWrite, TRANSACTION_TYPE } from '../../core/index.ts';
import { fromImage } from './commit-item.ts';
import { fromDecisionItem } from './decision-item.ts';

/**
 * What prevented a one-Region transaction from being written. If another run of the same transaction is writing its
 * outcome, that counts as a conflict on the stream `tx/<id>`.
 * @returns undefined if the error has another cause
 */
export function whatCancelled(error: unknown, { commits, free, decision }: OneRegionWrite): InTheWay | undefined {
  if (!(error instanceof TransactionCanceledException)) return undefined;
  // The reasons are in the order of the items.
  const { CancellationReasons: reasons = [] } = error;
  if (!reasons.every(({ Code = 'None' }) => LOST.includes(Code))) return undefined;
  const positions = [...commits, ...free];
  const [held, last] = [reasons.slice(0, positions.length), reasons[positions.length]];
  const taken: Commit[] = held.flatMap((reason) => (isHeld(reason) ? fromImage(reason.Item) : []));
  const contended = [...positions.map(({ stream }) => stream), `${TRANSACTION_TYPE}/${decision.transaction}`].filter(
    (_, i) => (reasons[i]?.Code ?? 'None') !== 'None' && !isHeld(reasons[i]),
  );
  const kept = isHeld(last) ? fromDecisionItem(last.Item) : undefined;
  if (!kept && taken.length + contended.length === 0) return undefined;
  return { ...(kept && { decision: kept }), taken, contended };
}

/** The codes of a lost race: another writer has written, or is writing now. */
const LOST: readonly string[] = ['None', 'ConditionalCheckFailed', 'TransactionConflict'];

function isHeld(reason: CancellationReason | undefined): reason is CancellationReason {
  return reason?.Code === 'ConditionalCheckFailed' && reason.Item !== undefined;
}
