import type { Command } from 'commander';
import { booking, bookingRegion, priceOf } from '../../domain/index.ts';
import { regionCommand, wholeNumber } from '../region-command.ts';
import { addTransactOptions, type TransactOptions, transact } from '../transact.ts';

/** `meridian book`: of the example's domain. */
export const addBook = (program: Command): void => {
  addTransactOptions(
    regionCommand(program, 'book', 'take a seat on a flight and pay the miles for it, or neither')
      .argument('<flight>', 'its id, such as 2001-01-01.LAX-BNA.1')
      .argument('<member>', 'who pays and flies, such as LAX.ada')
      .optionsGroup('Transaction:')
      .option('--miles <n>', "what to pay (default: the flight's price)", wholeNumber(1)),
  ).action((flight: string, member: string, options: TransactOptions & { readonly miles?: number }) => {
    const asked = { flight, member, miles: options.miles };
    return transact(
      options,
      () => ({ participants: booking(asked) }),
      ({ seen }) => bookingRegion(asked, Object.keys(seen)),
      () => `${member} has a seat on ${flight}, for ${options.miles ?? priceOf(flight)} miles.`,
    );
  });
};
