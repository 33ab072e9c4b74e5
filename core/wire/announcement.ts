import { type Decision, TRANSACTION_TYPE } from '../facts/decision.ts';
import { drivingRegionOf } from '../facts/transaction.ts';
import { type BusEntry, SOURCE_PREFIX } from './bus.ts';
import { encodeVersionToken } from './version-token.ts';

/** The outcome of a transaction, as it goes out. Its `id` is the same on every delivery. */
export function announcementOf({ transaction, participants, reason, decidedAt }: Decision): BusEntry {
  return {
    source: SOURCE_PREFIX + TRANSACTION_TYPE,
    detailType: reason ? 'TransactionAborted' : 'TransactionCommitted',
    detail: JSON.stringify({
      id: `${TRANSACTION_TYPE}/${transaction}`,
      transaction,
      ...(reason
        ? { reason: reason.problem, participant: reason.stream }
        : {
            participants: participants.map(({ version, ...intent }) => ({
              ...intent,
              version: encodeVersionToken(intent.stream, version),
            })),
          }),
      // Where it is announced, and forwarded from; who decided may be another Region.
      meta: { region: drivingRegionOf(transaction), decidedAt: new Date(decidedAt).toISOString() },
    }),
  };
}
