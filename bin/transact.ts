import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { Health, TransactionShown } from '../core/index.ts';
import { MAX_TRANSACTION_MS, MAX_WAIT_S } from '../core/limits/budgets.ts';
import { openRegion } from './client/open.ts';
import { mayStand, type Names } from './client/problem.ts';
import { reportError, reportingErrors, sayJson, sayNote, sayText } from './output.ts';
import { type RegionOptions, transactionId, wholeNumber } from './region-command.ts';
import { addMetaOptions, type MetaOptions } from './submit.ts';

/** Options of a transaction, in addition to its participants. */
export interface TransactOptions extends RegionOptions, MetaOptions {
  readonly id?: string;
  readonly wait?: number;
  readonly timeout?: number;
}

/** The exit code for a transaction whose outcome is unknown: it may already be committed, or be committed later. */
export const NO_OUTCOME = 3;

export function addTransactOptions(command: Command): Command {
  return addMetaOptions(
    command
      .optionsGroup('Transaction:')
      .option(
        '--id <Region:key>',
        'makes repeated sends take effect once; generated and printed if not given',
        transactionId,
      )
      .option('--wait <seconds>', 'how long to wait for its outcome (default: 10)', wholeNumber(0, MAX_WAIT_S))
      .option(
        '--timeout <seconds>',
        'abort it if it takes longer (default: 30)',
        wholeNumber(1, MAX_TRANSACTION_MS / 1000),
      ),
  ).addHelpText('after', `${EXIT_CODES} To query it: meridian transaction <id>`);
}

/** Help text shared by the commands that report an outcome. */
export const EXIT_CODES = `
Exit codes: 0 committed; 1 aborted, refused or not sent; 2 wrong usage;
3 no outcome is known yet.`;

/** A transaction in the API's form. */
export interface TransactionBody {
  readonly id?: unknown;
  readonly participants?: unknown;
  readonly checks?: unknown;
  readonly timeoutSeconds?: unknown;
  readonly meta?: unknown;
}

export interface Transacting {
  /** The command line's name for each part of the request, by the API's path. */
  readonly names: Names;
  /** Chooses the Region of a generated id. @default the Region that is asked */
  readonly drivingRegion?: (health: Health) => string;
  /** Returns what to print about a committed transaction. */
  readonly done?: () => string;
}

/** Runs a transaction, prints its outcome, and sets the exit code accordingly. */
export function sendTransaction(
  options: TransactOptions,
  asked: TransactionBody,
  { names, drivingRegion = ({ region }) => region, done }: Transacting,
): Promise<void> {
  return reportingErrors(options, async () => {
    const { json = false, wait } = options;
    const region = await openRegion(options);
    // Generated here, so that the outcome can be queried if the response is lost.
    const id = asked.id === undefined ? `${drivingRegion(await region.health())}:${randomUUID()}` : asked.id;
    try {
      const outcome = await region.transact({ ...asked, id }, wait);
      if (done && outcome.state === 'committed' && !json) sayText(done());
      tellOutcome(outcome, json);
    } catch (error) {
      if (!mayStand(error)) return reportError(error, options, { names });
      // If only the response was lost, the transaction may be committed despite the error.
      if (!json) sayNote(`It may have been committed. To find out: npx meridian transaction ${id}`);
      reportError(error, options, { names, id, exitCode: NO_OUTCOME });
    }
  });
}

/** Prints what is known of a transaction; the exit code is 0 only if it is committed. */
export function tellOutcome(outcome: TransactionShown, json: boolean): void {
  if (outcome.state !== 'committed') process.exitCode = outcome.state === 'aborted' ? 1 : NO_OUTCOME;
  if (json) sayJson(outcome);
  else sayText(textOfOutcome(outcome));
}

function textOfOutcome(outcome: TransactionShown): string {
  const { id } = outcome;
  switch (outcome.state) {
    case 'undecided':
      return `${id} is not decided yet. To query it: npx meridian transaction ${id}`;
    case 'aborted': {
      const { participant, reason } = outcome;
      return `${id} is aborted${participant === undefined ? '' : `, because of ${participant}`}: ${reason.code}: ${reason.detail}`;
    }
    case 'committed': {
      const { participants } = outcome;
      const width = Math.max(...participants.map(({ stream }) => stream.length));
      const lines = participants.map(
        ({ stream, log, position, version }) =>
          `  ${stream.padEnd(width)}  position ${position} of log ${log}  version ${version}`,
      );
      return [`${id} is committed.`, ...lines].join('\n');
    }
  }
}
