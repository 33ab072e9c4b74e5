import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';

const codesOf = ({ CancellationReasons = [] }: TransactionCanceledException): readonly string[] =>
  CancellationReasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');

/** Another writer was faster: a condition of the transaction did not hold any more, or another one was under way. */
export const lostRace = (error: unknown): boolean =>
  error instanceof TransactionCanceledException &&
  codesOf(error).every((code) => code === 'ConditionalCheckFailed' || code === 'TransactionConflict');
