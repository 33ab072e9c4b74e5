import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { ProblemError } from '../client/problem.ts';
import type { OutcomeShown, Region } from '../client/region.ts';
import { type RegionOptions, regionCommand, wholeNumber, withRegion } from '../region-command.ts';
import { tellOutcome } from '../transact.ts';

const POLL_MS = 1000;

/** `meridian transaction` */
export const addTransaction = (program: Command): void => {
  regionCommand(program, 'transaction', 'show what became of a transaction')
    .argument('<id>', '<Region>:<key>')
    .option('--wait <seconds>', 'ask once a second until it is decided, for so long', wholeNumber(0), 0)
    .action((id: string, options: RegionOptions & { readonly wait: number }) =>
      withRegion(options, async (region) =>
        tellOutcome(await decided(region, id, options.wait), options.json ?? false),
      ),
    );
};

/** @throws ProblemError `not-found`: nothing is recorded of it */
const decided = async (region: Region, id: string, seconds: number): Promise<OutcomeShown> => {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const isLast = performance.now() + POLL_MS > end;
    try {
      const outcome = await region.transaction(id);
      if (outcome.state !== 'undecided' || isLast) return outcome;
    } catch (error) {
      // Its first attempt may be under way.
      if (isLast || !(error instanceof ProblemError) || error.problem.code !== 'not-found') throw error;
    }
    await sleep(POLL_MS);
  }
};
