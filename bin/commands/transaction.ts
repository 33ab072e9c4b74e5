import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { isClientError } from '../../client/error.ts';
import type { TransactionShown } from '../../core/wire/api.ts';
import { isRetryable } from '../client/problem.ts';
import type { Region } from '../client/region.ts';
import { reportError } from '../output.ts';
import { type RegionOptions, regionCommand, transactionId, wholeNumber, withRegion } from '../region-command.ts';
import { EXIT_CODES, NO_OUTCOME, tellOutcome } from '../transact.ts';

const POLL_MS = 1000;

/** `meridian transaction` */
export function addTransaction(program: Command): void {
  regionCommand(program, 'transaction', 'show the outcome of a transaction')
    .argument('<id>', '<Region>:<key>', transactionId)
    .option('--wait <seconds>', 'poll once a second until it is decided, for at most this long', wholeNumber(0), 0)
    .addHelpText('after', EXIT_CODES)
    .action((id: string, options: RegionOptions & { readonly wait: number }) =>
      withRegion(options, async (region) => {
        try {
          tellOutcome(await decided(region, id, options.wait), options.json ?? false);
        } catch (error) {
          const exitCode = isUnanswered(error) || isUnknown(error) ? NO_OUTCOME : 1;
          reportError(error, options, { names: { id: '<id>' }, exitCode });
        }
      }),
    );
}

/** True if the Region has no record of the transaction. */
function isUnknown(error: unknown): boolean {
  return isClientError(error, 'not-found') && error.details.state === 'unknown';
}

/** True if the Region could not return the outcome. */
function isUnanswered(error: unknown): boolean {
  return isRetryable(error) || (isClientError(error) && (error.problem?.status ?? 0) >= 500);
}

/** @throws ClientError `not-found`: there is no record of the transaction */
async function decided(region: Region, id: string, seconds: number): Promise<TransactionShown> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const isLast = performance.now() + POLL_MS > end;
    try {
      const outcome = await region.transaction(id);
      if (outcome.state !== 'undecided' || isLast) return outcome;
    } catch (error) {
      // The first attempt of the transaction may be in progress.
      if (isLast || !isUnknown(error)) throw error;
    }
    await sleep(POLL_MS);
  }
}
