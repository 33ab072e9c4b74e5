import type { Command } from 'commander';
import type { Names } from '../../../bin/client/problem.ts';
import { regionCommand, wholeNumber } from '../../../bin/region-command.ts';
import { metaOf } from '../../../bin/submit.ts';
import { addTransactOptions, sendTransaction, type TransactOptions } from '../../../bin/transact.ts';
import { booking, bookingRegion, priceOf } from '../index.ts';

/** The argument or option that each property of a booking comes from. */
const names: Names = {
  timeoutSeconds: '--timeout',
  'participants[0].stream': '<flight>',
  'participants[0].input.passenger': '<member>',
  'participants[1].stream': '<member>',
  'participants[1].input.miles': '--miles',
  'participants[1].input.booking': '<flight>',
};

/** `meridian book`, a command of the example's domain. */
export function addBook(program: Command): void {
  const command = addTransactOptions(
    regionCommand(program, 'book', 'take a seat on a flight and pay the miles for it, or neither')
      .argument('<flight>', 'the flight, such as 2001-01-01.LAX-BNA.1')
      .argument('<member>', 'who pays and flies, such as LAX.ada')
      .optionsGroup('Transaction:')
      .option('--miles <n>', "what to pay (default: the flight's price)", wholeNumber(1)),
  );
  command.action((flight: string, member: string, options: TransactOptions & { readonly miles?: number }) => {
    const asked = { flight, member, miles: options.miles };
    const participants = (() => {
      try {
        return booking(asked);
      } catch (error) {
        return command.error(`error: ${error instanceof Error ? error.message : error}`);
      }
    })();
    const { id, timeout: timeoutSeconds } = options;
    return sendTransaction(
      options,
      { id, participants, timeoutSeconds, meta: metaOf(options) },
      {
        names,
        drivingRegion: ({ seen }) => bookingRegion(asked, Object.keys(seen)),
        done: () => `${member} has a seat on ${flight}, for ${options.miles ?? priceOf(flight)} miles.`,
      },
    );
  });
}
