import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';

function codesOf({ CancellationReasons = [] }: TransactionCanceledException): readonly string[] {
  return CancellationReasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');
}

/** Another writer was faster: a condition of the transaction did not hold any more, or another one was under way. */
export function lostRace(error: unknown): boolean {
  return (
    error instanceof TransactionCanceledException &&
    codesOf(error).every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict')
  );
}
