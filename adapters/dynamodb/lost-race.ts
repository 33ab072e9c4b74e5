import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';

function codesOf({ CancellationReasons = [] }: TransactionCanceledException): readonly string[] {
  return CancellationReasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');
}

/**
 * True if another writer won the race: a condition of the transaction no longer held, or another transaction was in
 * progress.
 */
export function lostRace(error: unknown): error is TransactionCanceledException {
  return (
    error instanceof TransactionCanceledException &&
    codesOf(error).every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict')
  );
}
